"""A span of the file into typed columns: at full speed where it is clean, row by row where it is not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from processing.arrays import to_numpy
from processing.bad_rows import BadRowList
from processing.blocks import Span
from processing.columns import DATE, PLAYS, SONG
from processing.dialect import Dialect
from processing.inspection import BOM
from processing.rows import FIRST_DAY, LAST_DAY, BadValueError, judge_row
from processing.tokenizer import Tokenizer, count_lines

ROWS = pa.schema([("song", pa.string()), ("day", pa.int32()), ("plays", pa.int64())])
_SONG_CODES = pa.dictionary(pa.int32(), pa.string())
CODED_ROWS = ROWS.set(0, pa.field("song", _SONG_CODES))
_TYPES = {SONG: pa.string(), DATE: pa.date32(), PLAYS: pa.int64()}
_CODED_TYPES = _TYPES | {SONG: _SONG_CODES}
_POWERS = 10 ** np.arange(1, 6, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class BlockReport:
    """What reading one span found out, apart from the rows."""

    span: Span
    rows: int
    plays: int  # their exact sum
    bad: BadRowList  # lines counted from the span's own first line, which is 1
    lines: int | None = None  # how many line ends the span holds, where that is known


def read_block(
    source: Path, span: Span, dialect: Dialect, *, coded: bool = False, spool: Path | None = None
) -> tuple[pa.RecordBatch, BlockReport]:
    """The rows of one span, schema ROWS with days since 1970-01-01; raises OSError when it cannot be read.

    With ``coded`` the songs come as a dictionary, as CODED_ROWS has them. ``spool`` is a file for more bad rows than
    the report lists.
    """
    data = read_bytes(source, span.start, span.end)
    rows = None if span.exact else read_clean(data, dialect, quoted=span.quoted, coded=coded)
    with BadRowList(spool) as bad:
        if rows is None:
            odd = OddRows(memoryview(data), dialect, bad)
            odd.judge(0, len(data))
            rows = odd.rows()
            if coded:
                rows = rows.set_column(0, CODED_ROWS.field(0), rows.column(0).dictionary_encode())
    return rows, BlockReport(span, len(rows), exact_sum(to_numpy(rows.column(2))), bad)


def read_bytes(source: Path, start: int, end: int) -> bytes:
    """The bytes of a range of the file; raises OSError where it has become shorter."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        data = os.pread(descriptor, end - start, start)
    finally:
        os.close(descriptor)
    if len(data) < end - start:
        raise OSError("the file became shorter while it was read")
    return data


def exact_sum(values: npt.NDArray[np.int64]) -> int:
    """The sum of non-negative numbers, also past 2^63."""
    if not len(values):
        return 0
    if int(values.max()) * len(values) < 1 << 63:
        return int(values.sum())
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def read_clean(data: bytes, dialect: Dialect, *, quoted: bool, coded: bool) -> pa.RecordBatch | None:
    """The rows if each one is beyond doubt; None sends the span to the tokenizer."""
    if data.startswith(BOM):
        data = b"\n" + data  # Arrow would take it for the file's own mark; in mid-file it is part of a song
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(
                column_names=_names(dialect), use_threads=False, block_size=max(len(data), 1)
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=dialect.delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=_CODED_TYPES if coded else _TYPES,
                include_columns=list(_TYPES),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    schema = CODED_ROWS if coded else ROWS
    batches = table.combine_chunks().to_batches()
    if not batches:
        return None  # blank lines only
    song, day, plays = batches[0].columns
    rows = pa.record_batch([song, day.view(pa.int32()), plays], schema=schema)
    return rows if _is_beyond_doubt(data, rows, dialect) else None


def _names(dialect: Dialect) -> list[str]:
    names = [f"unused {place}" for place in range(dialect.fields)]
    for column, place in dialect.places.items():
        names[place] = column
    return names


def _is_beyond_doubt(data: bytes, rows: pa.RecordBatch, dialect: Dialect) -> bool:
    """Whether Arrow took nothing that rows.py refuses: empty songs, the year 0, negative or hexadecimal plays."""
    songs = _Songs.of(rows.column(0))
    day, plays = to_numpy(rows.column(1)), to_numpy(rows.column(2))
    if songs.lengths.min() <= 0 or day.min() < FIRST_DAY or day.max() > LAST_DAY or plays.min() < 0:
        return False
    if dialect.fields == 3 and _is_canonical(data, songs, plays):
        return True
    return b"0x" not in data and b"0X" not in data


@dataclass(frozen=True, slots=True)
class _Songs:
    """The songs of a block by name, each name with its length; ``codes`` tells the name of each row."""

    names: pa.Array
    lengths: npt.NDArray[np.int32]
    codes: npt.NDArray[np.int32] | None  # None: a name for each row

    @classmethod
    def of(cls, column: pa.Array) -> _Songs:
        coded = pa.types.is_dictionary(column.type)
        names = column.dictionary if coded else column
        offsets = np.frombuffer(names.buffers()[1], np.int32, len(names) + 1, names.offset * 4)
        return cls(names, offsets[1:] - offsets[:-1], to_numpy(column.indices) if coded else None)

    def total(self, for_each_name: npt.NDArray[np.int32]) -> int:
        """The sum over all rows of something known for each name."""
        return int((for_each_name if self.codes is None else for_each_name[self.codes]).sum(dtype=np.int64))

    def text(self) -> memoryview:
        """The bytes of all names, one after another."""
        return memoryview(self.names.buffers()[2] or b"")


def _is_canonical(data: bytes, songs: _Songs, plays: npt.NDArray[np.int64]) -> bool:
    """Whether the bytes are just as many as the values in their shortest form take.

    Then no number is written as 0x10, which Arrow would read as 16: below a million each hexadecimal form is
    longer than the decimal one, and nothing else can be shorter than the shortest form. This spares a
    search through all bytes.
    """
    if int(plays.max()) >= 1_000_000:
        return False
    quotes = data.count(b'"')
    if quotes:
        text = bytes(songs.text())
        if b"\n" in text or b"\r" in text:
            return False  # line ends could no longer be counted
        if b'"' in text:  # written twice, but once in the song
            quotes -= songs.total(pc.count_substring(songs.names, '"').to_numpy())
    digits = len(plays) + sum(int(np.count_nonzero(plays >= power)) for power in _POWERS)
    shortest = songs.total(songs.lengths) + quotes + digits + len("2024-03-31,,") * len(plays)
    return len(data) == shortest + _line_end_bytes(data, len(plays))


def _line_end_bytes(data: bytes, rows: int) -> int:
    """How many bytes the line ends take, at least: counted where some may be longer than others."""
    if data.endswith(b"\r\n"):
        text = np.frombuffer(data, np.uint8)
        return int(np.count_nonzero(text == 13)) + int(np.count_nonzero(text == 10))
    return rows if data.endswith((b"\n", b"\r")) else rows - 1


class OddRows:
    """The records of one block that only the tokenizer and rows.py can judge: good ones kept, bad ones listed."""

    def __init__(self, data: memoryview, dialect: Dialect, bad: BadRowList) -> None:
        self.songs: list[str] = []
        self.days: list[int] = []
        self.plays: list[int] = []
        self._data = data
        self._dialect = dialect
        self._tokenizer = Tokenizer(dialect.delimiter)
        self._bad = bad
        self._delimiter = dialect.delimiter.encode()

    def judge(self, start: int, end: int, line: int = 1) -> None:
        """Take the records of a range of whole ones that begins on a line of the block."""
        text = bytes(self._data[start:end])
        counted = 0
        for record in self._tokenizer.records(text):
            line += count_lines(text[counted : record.start])
            counted = record.start
            self._take(record.fields, text[record.start : record.end], line)

    def judge_one(self, start: int, end: int, line: int) -> None:
        """The same for a range that is one record, which is seldom quoted."""
        text = bytes(self._data[start:end])
        if b'"' in text:
            self.judge(start, end, line)
        else:
            self._take(tuple(text.rstrip(b"\r\n").split(self._delimiter)), text, line)

    def _take(self, fields: tuple[bytes, ...] | None, text: bytes, line: int) -> None:
        found = _judge_record(fields, text, self._dialect)
        if isinstance(found, BadValueError):
            self._bad.add((line, found.column, found.value, found.reason))
            return
        song, day, count = found
        self.songs.append(song)
        self.days.append(day)
        self.plays.append(count)

    def rows(self) -> pa.RecordBatch:
        """The good ones, schema ROWS."""
        columns = [pa.array(self.songs, pa.string()), pa.array(self.days, pa.int32()), pa.array(self.plays, pa.int64())]
        return pa.record_batch(columns, schema=ROWS)


def _judge_record(
    fields: tuple[bytes, ...] | None, raw: bytes, dialect: Dialect
) -> tuple[str, int, int] | BadValueError:
    if fields is not None and len(fields) == dialect.fields:
        return judge_row(fields, dialect.places)
    text = raw.rstrip(b"\r\n")[:1000].decode("utf-8", "backslashreplace")
    if fields is None:
        return BadValueError("row", text, "each quote closed before a comma or line end", "has an open one")
    return BadValueError("row", text, _columns(dialect.fields), f"has {_columns(len(fields))}")


def _columns(number: int) -> str:
    return "1 column" if number == 1 else f"{number} columns"
