"""The Arrow engine: a span of the file into typed columns, row by row where it is not clean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from processing.arrays import to_numpy
from processing.columns import DATE, PLAYS, SONG
from processing.dialect.dates import FIRST_DAY, LAST_DAY
from processing.dialect.dialect import Dialect
from processing.dialect.rows import BadValueError, RowReader
from processing.dialect.surprises import Surprise
from processing.dialect.tokenizer import Tokenizer, count_lines
from processing.reading.bad_row_spool import BadRowList
from processing.reading.blocks import Span, load
from processing.reading.slow_path import SCHEMA, OddRows
from processing.source.encodings import BOM

ROWS = SCHEMA
_SONG_CODES = pa.dictionary(pa.int32(), pa.string())
CODED_ROWS = ROWS.set(0, pa.field("song", _SONG_CODES))
_TYPES = {SONG: pa.string(), DATE: pa.date32(), PLAYS: pa.int64()}
_CODED_TYPES = _TYPES | {SONG: _SONG_CODES}
_WRITTEN = pa.dictionary(pa.int32(), pa.string())  # values as they are written, each once
_POWERS = 10 ** np.arange(1, 6, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class BlockReport:
    """The result of reading one span, apart from its rows."""

    span: Span
    rows: int
    plays: int  # their exact sum
    bad: BadRowList  # lines counted from the span's own first line, which is 1
    lines: int | None = None  # number of line ends in the span, if known
    doubt: Surprise | None = None  # ends the run


def read_block(
    source: Path, span: Span, dialect: Dialect, *, coded: bool = False, spool: Path | None = None
) -> tuple[pa.RecordBatch, BlockReport]:
    """Return the rows of one span, schema ROWS or (``coded``) CODED_ROWS, and its report; raise OSError.

    ``spool`` is a file for more bad rows than the report lists.
    """
    data = load(source, span)
    reader = dialect.row_reader()
    rows = None if span.needs_tokenizer else read_clean(data, dialect, reader, quoted=span.quoted, coded=coded)
    doubt = None
    with BadRowList(spool) as bad:
        if rows is None:
            odd = OddRows(memoryview(data), dialect, bad, reader, footer=span.footer, sees_all=True)
            odd.judge(0, len(data))
            rows, doubt = odd.rows(), odd.doubt
            if coded:
                rows = rows.set_column(0, CODED_ROWS.field(0), rows.column(0).dictionary_encode())
    lines = count_lines(data) if span.data is not None else None
    return rows, BlockReport(span, len(rows), exact_sum(to_numpy(rows.column(2))), bad, lines, doubt)


def written_values(data: bytes, span: Span, dialect: Dialect, column: str) -> set[str]:
    """Return the distinct values of a column, as written, in the well-formed records of a span."""
    if not span.needs_tokenizer:
        table = _table(data, dialect, {column: _WRITTEN}, quoted=span.quoted)
        if table is not None and len(table):
            values = table.column(0).combine_chunks()
            return set(values.dictionary.to_pylist())
    place = dialect.places[column]
    rows = (record.fields for record in Tokenizer(dialect.syntax).records(data))
    return {row[place].decode("utf-8", "replace") for row in rows if row is not None and len(row) == dialect.fields}


def exact_sum(values: npt.NDArray[np.int64]) -> int:
    """Return the exact sum of numbers between -(2^63 - 1) and 2^63 - 1, even if it is beyond them."""
    if not len(values):
        return 0
    if largest(values) * len(values) < 1 << 63:
        return int(values.sum())
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def largest(values: npt.NDArray[np.int64]) -> int:
    """Return the largest absolute value of at least one number."""
    return max(int(values.max()), -int(values.min()))


def read_clean(data: bytes, dialect: Dialect, reader: RowReader, *, quoted: bool, coded: bool) -> pa.RecordBatch | None:
    """Return the rows if each one is certain; None sends the span to the tokenizer."""
    if b"\0" in data or BOM in data:
        return None  # neither may begin a song
    table = _table(data, dialect, _types(dialect, coded=coded), quoted=quoted)
    if table is None:
        return None
    schema = CODED_ROWS if coded else ROWS
    batches = table.combine_chunks().to_batches()
    if not batches:
        return None  # blank lines only
    unnamed = [column for column in batches[0].columns[len(_TYPES) :] if pc.sum(pc.binary_length(column)).as_py()]
    if unnamed or _may_be_blank(data, dialect, batches[0].column(0)):
        return None
    if dialect.has_plain_values:
        song, day, plays = batches[0].columns[: len(_TYPES)]
        rows = pa.record_batch([song, day.view(pa.int32()), plays], schema=schema)
        return rows if _is_beyond_doubt(data, rows, dialect) else None
    return _by_value(batches[0], schema, reader)


def _table(data: bytes, dialect: Dialect, types: dict[str, pa.DataType], *, quoted: bool) -> pa.Table | None:
    """Return some columns of a span as read by Arrow; None if it cannot."""
    if not dialect.syntax.is_simple:
        return None
    if data.startswith(BOM):
        data = b"\n" + data  # Arrow would skip it as a byte order mark, but in mid-file it is part of a song
    try:
        return pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(
                column_names=_names(dialect), use_threads=False, block_size=max(len(data), 1)
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=dialect.syntax.delimiter,
                quote_char=dialect.syntax.quotechar if quoted and dialect.syntax.quotechar else False,
                newlines_in_values=quoted,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[], strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


def _unnamed(dialect: Dialect) -> list[str]:
    """Return the names used here for columns that must be empty."""
    return [f"unused {place}" for place in range(min(dialect.named, dialect.fields), dialect.fields)]


def _types(dialect: Dialect, *, coded: bool) -> dict[str, pa.DataType]:
    types = (_CODED_TYPES if coded else _TYPES) | {name: pa.string() for name in _unnamed(dialect)}
    return types if dialect.has_plain_values else types | {DATE: _WRITTEN, PLAYS: _WRITTEN}


def _may_be_blank(data: bytes, dialect: Dialect, songs: pa.Array) -> bool:
    """Return whether a song consists of blanks, examined only if some field begins with one."""
    delimiter, quote = dialect.syntax.delimiter.encode(), dialect.syntax.quotechar.encode()
    before = [b"\n", b"\r", delimiter, *([quote] if quote else [])]
    if not data.startswith((b" ", b"\t")) and not any(
        mark + blank in data for mark in before for blank in (b" ", b"\t")
    ):
        return False
    names = songs.dictionary if pa.types.is_dictionary(songs.type) else songs
    return bool(pc.any(pc.match_substring_regex(names, r"^[ \t]*$")).as_py())


def _by_value(batch: pa.RecordBatch, schema: pa.Schema, reader: RowReader) -> pa.RecordBatch | None:
    """Return rows whose days and numbers are judged once for each distinct text; None if one is bad."""
    songs = _Songs.of(batch.column(0))
    columns = [batch.column(0)]
    for column, field in ((DATE, schema.field(1)), (PLAYS, schema.field(2))):
        written = batch.column(len(columns))
        judged = [reader.judge_value(column, text) for text in written.dictionary.cast(pa.binary()).to_pylist()]
        if any(isinstance(value, BadValueError) for value in judged):
            return None
        columns.append(pa.array(judged, field.type).take(written.indices))
    return pa.record_batch(columns, schema=schema) if songs.lengths.min() > 0 else None


def _names(dialect: Dialect) -> list[str]:
    names = [f"unused {place}" for place in range(dialect.fields)]
    for column, place in dialect.places.items():
        names[place] = column
    return names


def _is_beyond_doubt(data: bytes, rows: pa.RecordBatch, dialect: Dialect) -> bool:
    """Return whether Arrow accepted nothing that rows.py refuses: empty songs, the year 0, negative or hex numbers."""
    songs = _Songs.of(rows.column(0))
    day, plays = to_numpy(rows.column(1)), to_numpy(rows.column(2))
    if songs.lengths.min() <= 0 or day.min() < FIRST_DAY or day.max() > LAST_DAY or plays.min() < 0:
        return False
    if dialect.fields == 3 and _is_canonical(data, songs, plays):
        return True
    return b"0x" not in data and b"0X" not in data


@dataclass(frozen=True, slots=True)
class _Songs:
    """The songs of a block: names with their lengths, and the name of each row in ``codes``."""

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
        """Return the sum over all rows of a value known for each name."""
        return int((for_each_name if self.codes is None else for_each_name[self.codes]).sum(dtype=np.int64))

    def text(self) -> memoryview:
        """Return the bytes of all names, concatenated."""
        return memoryview(self.names.buffers()[2] or b"")


def _is_canonical(data: bytes, songs: _Songs, plays: npt.NDArray[np.int64]) -> bool:
    """Return whether the text is exactly as long as its values in their shortest form.

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
    """Return the least number of bytes in line ends: counted if some may be longer than others."""
    if data.endswith(b"\r\n"):
        text = np.frombuffer(data, np.uint8)
        return int(np.count_nonzero(text == 13)) + int(np.count_nonzero(text == 10))
    return rows if data.endswith((b"\n", b"\r")) else rows - 1
