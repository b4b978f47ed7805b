"""The compiled kernel, if it is installed: the rows of a block as numbers of songs, days and plays.

Its C source is in kernel/src. It reads only records that are certain by the rules of dialect/rows.py and hands back the
others, which it calls odd. Everything works without it, more slowly.
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
from processing.reading.kernel_ffi import ColumnsStruct, ResultStruct, dialect_struct, library, syntax_struct

MOST_ODD = 1 << 14  # records handed back in one call

# Formats of packed rows in scratch, of which the smallest that holds their days and plays is used.
SMALL = np.dtype([("song", "<u4"), ("day", "<u2"), ("plays", "<u2")])  # days after the first one
MIDDLE = np.dtype([("song", "<u4"), ("day", "<i4"), ("plays", "<u4")])
LARGE = np.dtype([("song", "<u4"), ("day", "<i4"), ("plays", "<i8")])
ROW_FORMATS = (SMALL, MIDDLE, LARGE)


def last_record_end(data: bytes | bytearray, syntax: Syntax) -> int:
    """Return how many bytes are whole records, whatever follows them; the kernel must be installed."""
    found = library()
    assert found is not None
    struct = syntax_struct(syntax)
    text = np.frombuffer(data, np.uint8)
    return int(found.last_record_end(ctypes.addressof(struct), text.ctypes.data, len(text)))


SONGS = pa.schema([pa.field("song", pa.string(), nullable=False), pa.field("bucket", pa.uint16(), nullable=False)])


@dataclass(frozen=True, slots=True)
class SongNames:
    """The song dictionary: all songs of a run in order of appearance; a song's number is its index."""

    names: pa.Array  # string
    bucket: npt.NDArray[np.uint16]

    def to_batch(self) -> pa.RecordBatch:
        """Return the songs as a batch, schema SONGS."""
        return pa.record_batch([self.names, to_arrow(self.bucket)], schema=SONGS)

    @classmethod
    def of(cls, songs: pa.Table) -> SongNames:
        """Return the songs of a table, schema SONGS."""
        song, bucket = (column.combine_chunks() for column in songs.columns)
        if not len(song):
            song = pa.Array.from_buffers(pa.string(), 0, [None, pa.py_buffer(bytes(4)), pa.py_buffer(b"")])
        return cls(song, to_numpy(bucket))


class SongTable:
    """The hash table that numbers songs in order of appearance; adding is thread-safe."""

    def __init__(self, borders: Sequence[bytes], max_bytes: int) -> None:
        """``borders``: ascending, the first song of the second and each later bucket."""
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
        """Return the number and the bucket of a song in UTF-8; None if the table is full."""
        bucket = ctypes.c_uint16()
        number = self._library.songs_add(self.handle, song, len(song), ctypes.addressof(bucket))
        return (number, bucket.value) if number >= 0 else None

    def add_all(self, songs: SongNames) -> None:
        """Add songs with the numbers that they had in another table; raise ValueError if they do not fit this one."""
        for number, song in enumerate(songs.names.cast(pa.binary())):
            if self.add(song.as_py()) != (number, int(songs.bucket[number])):
                raise ValueError("the songs do not fit this table")

    def export(self) -> SongNames:
        """Return all songs."""
        count = len(self)
        offsets = np.empty(count + 1, np.int32)
        text = np.empty(self._library.songs_name_bytes(self.handle), np.uint8)
        bucket = np.empty(count, np.uint16)
        self._library.songs_export(self.handle, offsets.ctypes.data, text.ctypes.data, bucket.ctypes.data)
        names = pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
        return SongNames(names, bucket)

    def close(self) -> None:
        """Free the memory."""
        self._free()


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The result of one call of Columns.read()."""

    consumed: int  # bytes; fewer than given if the columns or the song table are full
    plays: int  # exact sum
    rows: int
    lines: int  # line ends in the consumed bytes
    odd: tuple[tuple[int, int, int], ...]  # of the records that only Python can judge: start, end, line (from 0)
    table_full: bool


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows sorted by bucket, as they are written to scratch."""

    data: memoryview
    format: int  # index in ROW_FORMATS
    first_day: int  # from which the days count
    ends: npt.NDArray[np.uint64]  # for each bucket the number of rows up to its end


class Columns:
    """Buffers for rows as numbers, reused by one thread at a time."""

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
        """Drop all rows."""
        self.rows = 0

    def read(self, songs: SongTable, dialect: Dialect, data: memoryview) -> ReadResult:
        """Append the rows of a block of whole records."""
        found, result = library(), ResultStruct()
        assert found is not None
        struct = dialect_struct(dialect)
        room = self._struct()
        address = np.frombuffer(data, np.uint8).ctypes.data
        found.read_rows(
            songs.handle, ctypes.addressof(struct), address, len(data), ctypes.addressof(room), ctypes.addressof(result)
        )
        rows = int(result.rows)
        if rows:
            self._widen(result.first_day, result.last_day, result.most_plays)
            self.rows += rows
        odd = tuple(zip(*self._odd[:, : result.odd].tolist(), strict=True))
        plays = result.plays_high << 64 | result.plays_low
        return ReadResult(int(result.consumed), plays, rows, int(result.lines), odd, bool(result.status))

    def append(
        self, song: npt.ArrayLike, bucket: npt.ArrayLike, day: npt.NDArray[np.int32], plays: npt.NDArray[np.int64]
    ) -> None:
        """Append rows that are numbers already, no more than there is room for."""
        end = self.rows + len(day)
        self._song[self.rows : end] = song
        self._bucket[self.rows : end] = bucket
        self._day[self.rows : end] = day
        self._plays[self.rows : end] = plays
        self._widen(int(day.min()), int(day.max()), int(plays.max()))
        self.rows = end

    def pack(self, buckets: int) -> Packed:
        """Return the rows sorted by bucket, in memory that is valid until the next call."""
        found = library()
        assert found is not None
        row_format = self._format()
        needed = self.rows * ROW_FORMATS[row_format].itemsize
        if len(self._packed) < needed:
            self._packed = np.empty(self.capacity * ROW_FORMATS[row_format].itemsize, np.uint8)
        ends = np.empty(buckets, np.uint64)
        first_day = self._first_day if row_format == 0 else 0
        room = self._struct(0)
        found.pack_rows(
            ctypes.addressof(room),
            self.rows,
            buckets,
            row_format,
            first_day,
            ends.ctypes.data,
            self._packed.ctypes.data,
        )
        return Packed(memoryview(self._packed.data)[:needed], row_format, first_day, ends)

    def _format(self) -> int:
        if self._most_plays < 1 << 16 and self._last_day - self._first_day < 1 << 16:
            return 0
        return 1 if self._most_plays < 1 << 32 else 2

    def _widen(self, first_day: int, last_day: int, most_plays: int) -> None:
        if not self.rows:
            self._first_day, self._last_day, self._most_plays = first_day, last_day, most_plays
            return
        self._first_day = min(self._first_day, first_day)
        self._last_day = max(self._last_day, last_day)
        self._most_plays = max(self._most_plays, most_plays)

    def _struct(self, start: int | None = None) -> ColumnsStruct:
        """Return the columns from a row on, by default after the last one, as the kernel takes them."""
        start = self.rows if start is None else start
        columns = (self._song, self._bucket, self._day, self._plays)
        addresses = [column.ctypes.data + start * column.itemsize for column in columns]
        odd = [row.ctypes.data for row in self._odd]
        return ColumnsStruct(*addresses, *odd, self.capacity - start, MOST_ODD)
