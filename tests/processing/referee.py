"""What the kernel must make of bytes: the tokenizer and the rules of rows.py, record by record."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from processing.columns import INPUT_COLUMNS
from processing.dialect.dialect import Dialect
from processing.dialect.rows import BadValueError
from processing.dialect.syntax import Syntax
from processing.dialect.tokenizer import Tokenizer, count_lines
from processing.reading.kernel import Columns, SongTable

Row = tuple[str, int, int]

ENOUGH = 1 << 24  # bytes, for a table of songs that does not get full
LEAST_TABLE = 8 << 14  # bytes that the slots of an empty table take


def dialect_of(order: tuple[int, int, int] = (0, 1, 2), fields: int = 3, delimiter: str = ",", **form: Any) -> Dialect:
    """A form with song, date and plays at these places; ``form``: what else is unusual of Syntax and Dialect."""
    places = dict(zip(INPUT_COLUMNS, order, strict=True))
    syntax = Syntax(delimiter, **{name: form.pop(name) for name in ("quotechar", "skipinitialspace") if name in form})
    return Dialect("utf-8", True, fields, places, 0, 20.0, syntax, **form)


PLAIN = dialect_of()


@dataclass(frozen=True, slots=True)
class Judged:
    """A record by the referee."""

    start: int
    end: int
    line: int  # line ends before it
    row: Row | None  # None: a bad one


def judge(data: bytes, dialect: Dialect = PLAIN) -> list[Judged]:
    """Each record of the bytes."""
    return [
        Judged(record.start, record.end, count_lines(data[: record.start]), _row(record.fields, dialect))
        for record in Tokenizer(dialect.syntax).records(data)
    ]


def _row(fields: tuple[bytes, ...] | None, dialect: Dialect) -> Row | None:
    if fields is None or len(fields) != dialect.fields or any(fields[dialect.named :]):
        return None
    try:
        return dialect.row_reader().read(fields)
    except BadValueError:
        return None


@dataclass(slots=True)
class Read:
    """What the kernel made of bytes, in as many calls as it took."""

    rows: list[Row] = field(default_factory=list)
    buckets: list[int] = field(default_factory=list)
    odd: list[tuple[int, int, int]] = field(default_factory=list)  # start, end, line ends before
    plays: int = 0
    lines: int = 0
    consumed: int = 0
    calls: int = 0
    table_full: bool = False


def kernel_read(
    data: bytes,
    dialect: Dialect = PLAIN,
    *,
    capacity: int = 1000,
    max_bytes: int = ENOUGH,
    borders: tuple[bytes, ...] = (),
) -> Read:
    """Read until nothing is left or the table of songs is full; the columns are cleared where they are full."""
    songs, columns, read = SongTable(borders, max_bytes), Columns(capacity), Read()
    numbered: list[tuple[int, int, int]] = []
    while read.consumed < len(data) and not read.table_full:
        found = columns.read(songs, dialect, memoryview(data)[read.consumed :])
        assert found.rows == columns.rows
        assert found.consumed or found.table_full
        numbered += zip(columns.song.tolist(), columns.day.tolist(), columns.plays.tolist(), strict=True)
        read.odd += [(read.consumed + a, read.consumed + b, read.lines + line) for a, b, line in found.odd]
        read.plays += found.plays
        read.lines += found.lines
        read.consumed += found.consumed
        read.calls += 1
        read.table_full = found.table_full
        columns.clear()
    known = songs.export()
    songs.close()
    names = known.names.to_pylist()
    read.rows = [(names[song], day, plays) for song, day, plays in numbered]
    read.buckets = [int(known.bucket[song]) for song, _day, _plays in numbered]
    return read


def assert_agrees(data: bytes, read: Read, dialect: Dialect = PLAIN, borders: tuple[bytes, ...] = ()) -> None:
    """That each record before the consumed bytes' end was read as the referee reads it or handed back, none twice."""
    judged = judge(data, dialect)
    done = [record for record in judged if record.start < read.consumed]
    odd = {(record.start, record.end, record.line) for record in done} & set(read.odd)
    assert read.odd == sorted(odd)
    kept = [record.row for record in done if (record.start, record.end, record.line) not in odd]
    assert read.rows == kept
    assert read.plays == sum(plays for _song, _day, plays in read.rows)
    assert read.lines == count_lines(data[: read.consumed])
    assert read.buckets == [bisect_right(borders, song.encode()) for song, _day, _plays in read.rows]
    assert read.consumed in {len(data), *(record.start for record in judged)}
    assert read.table_full or read.consumed == len(data)
