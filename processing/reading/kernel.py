"""The compiled kernel, where it is installed: rows of a block into numbered songs, days and plays.

What it does in C is described in kernel/src. It reads only records that are beyond doubt by the rules of rows.py and
hands back the others. Everything works without it, slower.
"""

from __future__ import annotations

import ctypes
import secrets
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from processing.arrays import to_arrow, to_numpy
from processing.dialect.dialect import Dialect
from processing.dialect.syntax import Syntax
from processing.reading.kernel_ffi import ColumnsStruct, ResultStruct, form_of, library, struct_of

MOST_ODD = 1 << 14  # records handed back in one call

# How packed rows lie in scratch: the smallest form that holds their days and plays.
SMALL = np.dtype([("song", "<u4"), ("day", "<u2"), ("plays", "<u2")])  # days after the first one
MIDDLE = np.dtype([("song", "<u4"), ("day", "<i4"), ("plays", "<u4")])
LARGE = np.dtype([("song", "<u4"), ("day", "<i4"), ("plays", "<i8")])
FORMS = (SMALL, MIDDLE, LARGE)


def last_record_end(data: bytes | bytearray, syntax: Syntax) -> int:
    """How many bytes are whole records, whatever comes behind them; the kernel must be there."""
    found = library()
    assert found is not None
    form = struct_of(syntax)
    text = np.frombuffer(data, np.uint8)
    return int(found.last_record_end(ctypes.addressof(form), text.ctypes.data, len(text)))


SONGS = pa.schema([pa.field("song", pa.string(), nullable=False), pa.field("bucket", pa.uint16(), nullable=False)])


@dataclass(frozen=True, slots=True)
class SongNames:
    """All songs of a run in the order in which they came up: a song's number is its place."""

    names: pa.Array  # string
    bucket: npt.NDArray[np.uint16]

    def to_batch(self) -> pa.RecordBatch:
        """The same, schema SONGS."""
        return pa.record_batch([self.names, to_arrow(self.bucket)], schema=SONGS)

    @classmethod
    def of(cls, songs: pa.Table) -> SongNames:
        """The same from a table, schema SONGS."""
        song, bucket = (column.combine_chunks() for column in songs.columns)
        if not len(song):
            song = pa.Array.from_buffers(pa.string(), 0, [None, pa.py_buffer(bytes(4)), pa.py_buffer(b"")])
        return cls(song, to_numpy(bucket))


class SongTable:
    """The numbers of the songs that came up; adding is safe from several threads."""

    def __init__(self, borders: Sequence[bytes], max_bytes: int) -> None:
        """``borders``: ascending, the songs with which the second and each later bucket begins."""
        found = library()
        assert found is not None
        self._library = found
        ends = np.cumsum([len(border) for border in borders], dtype=np.uint32)
        seed, text = secrets.randbits(64), b"".join(borders)
        self.handle = found.songs_new(seed, text, ends.ctypes.data, len(borders), max_bytes)
        if not self.handle:
            raise MemoryError("no room for the table of songs")
        self._free = weakref.finalize(self, found.songs_free, self.handle)

    def __len__(self) -> int:
        return int(self._library.songs_count(self.handle))

    def add(self, song: bytes) -> tuple[int, int] | None:
        """The number and the bucket of a song in UTF-8; None where the table is full."""
        bucket = ctypes.c_uint16()
        number = self._library.songs_add(self.handle, song, len(song), ctypes.addressof(bucket))
        return (number, bucket.value) if number >= 0 else None

    def add_all(self, songs: SongNames) -> None:
        """Give songs the numbers that they had in a table like this; raises ValueError where that cannot be."""
        for number, song in enumerate(songs.names.cast(pa.binary())):
            if self.add(song.as_py()) != (number, int(songs.bucket[number])):
                raise ValueError("the songs do not fit this table")

    def export(self) -> SongNames:
        """All songs."""
        count = len(self)
        offsets = np.empty(count + 1, np.int32)
        text = np.empty(self._library.songs_name_bytes(self.handle), np.uint8)
        bucket = np.empty(count, np.uint16)
        self._library.songs_export(self.handle, offsets.ctypes.data, text.ctypes.data, bucket.ctypes.data)
        names = pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
        return SongNames(names, bucket)

    def close(self) -> None:
        """Give the memory back."""
        self._free()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one call of Columns.read added."""

    consumed: int  # bytes; not all of them where the columns or the table of songs are full
    plays: int  # exact sum
    rows: int
    lines: int  # line ends in the consumed bytes
    odd: tuple[tuple[int, int, int], ...]  # of the records that only Python can judge: start, end, line (0 upwards)
    table_full: bool


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows in the order of their buckets, as they go to scratch."""

    data: memoryview
    form: int  # place in FORMS
    first_day: int  # that the days count from
    ends: npt.NDArray[np.uint64]  # for each bucket the number of rows up to and with it


class Columns:
    """Room for rows as numbers, used again and again by one thread at a time."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.rows = 0
        self._first_day = self._last_day = self._most_plays = 0
        self._song = np.empty(capacity, np.uint32)
        self._bucket = np.empty(capacity, np.uint16)
        self._day = np.empty(capacity, np.int32)
        self._plays = np.empty(capacity, np.int64)
        self._odd = np.empty((3, MOST_ODD), np.uint32)
        self._packed = np.empty(0, np.uint8)

    song = property(lambda self: self._song[: self.rows], doc="for each row the song's number")
    day = property(lambda self: self._day[: self.rows], doc="for each row the days since 1970-01-01")
    plays = property(lambda self: self._plays[: self.rows], doc="for each row the plays")
    first_day = property(lambda self: self._first_day, doc="of all rows")
    last_day = property(lambda self: self._last_day, doc="of all rows")

    def clear(self) -> None:
        """Forget all rows."""
        self.rows = 0

    def read(self, songs: SongTable, dialect: Dialect, data: memoryview) -> Reading:
        """Add the rows of a block of whole records behind those that are here."""
        found, result = library(), ResultStruct()
        assert found is not None
        form = form_of(dialect)
        room = self._room()
        address = np.frombuffer(data, np.uint8).ctypes.data
        found.read_rows(
            songs.handle, ctypes.addressof(form), address, len(data), ctypes.addressof(room), ctypes.addressof(result)
        )
        rows = int(result.rows)
        if rows:
            self._note(result.first_day, result.last_day, result.most_plays)
            self.rows += rows
        odd = tuple(zip(*self._odd[:, : result.odd].tolist(), strict=True))
        plays = result.plays_high << 64 | result.plays_low
        return Reading(int(result.consumed), plays, rows, int(result.lines), odd, bool(result.status))

    def append(
        self, song: npt.ArrayLike, bucket: npt.ArrayLike, day: npt.NDArray[np.int32], plays: npt.NDArray[np.int64]
    ) -> None:
        """Add rows that are numbers already; as many as there is room for."""
        end = self.rows + len(day)
        self._song[self.rows : end] = song
        self._bucket[self.rows : end] = bucket
        self._day[self.rows : end] = day
        self._plays[self.rows : end] = plays
        self._note(int(day.min()), int(day.max()), int(plays.max()))
        self.rows = end

    def pack(self, buckets: int) -> Packed:
        """The rows in the order of their buckets; good until the next call."""
        found = library()
        assert found is not None
        form = self._form()
        needed = self.rows * FORMS[form].itemsize
        if len(self._packed) < needed:
            self._packed = np.empty(self.capacity * FORMS[form].itemsize, np.uint8)
        ends = np.empty(buckets, np.uint64)
        first_day = self._first_day if form == 0 else 0
        room = self._room(0)
        found.pack_rows(
            ctypes.addressof(room), self.rows, buckets, form, first_day, ends.ctypes.data, self._packed.ctypes.data
        )
        return Packed(memoryview(self._packed.data)[:needed], form, first_day, ends)

    def _form(self) -> int:
        if self._most_plays < 1 << 16 and self._last_day - self._first_day < 1 << 16:
            return 0
        return 1 if self._most_plays < 1 << 32 else 2

    def _note(self, first_day: int, last_day: int, most_plays: int) -> None:
        if not self.rows:
            self._first_day, self._last_day, self._most_plays = first_day, last_day, most_plays
            return
        self._first_day = min(self._first_day, first_day)
        self._last_day = max(self._last_day, last_day)
        self._most_plays = max(self._most_plays, most_plays)

    def _room(self, start: int | None = None) -> ColumnsStruct:
        """The columns from a row on, by default behind the rows that are here."""
        start = self.rows if start is None else start
        columns = (self._song, self._bucket, self._day, self._plays)
        addresses = [column.ctypes.data + start * column.itemsize for column in columns]
        odd = [row.ctypes.data for row in self._odd]
        return ColumnsStruct(*addresses, *odd, self.capacity - start, MOST_ODD)
