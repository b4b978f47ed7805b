"""How a file would be read by one set of marks: where its header is, and which columns are ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from processing.columns import INPUT_COLUMNS
from processing.dialect.column_synonyms import plain
from processing.dialect.column_types import count_rows, is_day, is_number, is_row, places_by_kind
from processing.dialect.headers import Header, Names, find_header, header_of, texts
from processing.dialect.syntax import Syntax
from processing.dialect.tokenizer import Record, Tokenizer, count_lines
from processing.errors import RefusedError
from processing.options import DialectOptions

LOOKED_AT = 250  # records, by each set of marks
HEADER_WITHIN = 100  # records
_NAMES_WITHIN = 20  # records, for a header that lacks a column

Places = dict[str, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a set of marks makes of the first records."""

    syntax: Syntax
    records: tuple[Record, ...]
    header: Header | None
    places: Places | None  # None: not beyond doubt
    fields: int
    named: int = 0  # how many of them may hold something
    good: int = 0  # rows that can be read
    rows: int = 0  # that were looked at
    known: int = 0  # of our columns, in the line that names most of them, where none names all
    dated: int = 0  # rows with a day in them

    @property
    def reads_all(self) -> bool:
        """Whether no other set of marks could do better."""
        return self.rows > 0 and self.good == self.rows

    @property
    def rank(self) -> tuple[int, bool, int, int, int]:
        """More is better."""
        return self.good, self.header is not None, self.good - self.rows, self.known, self.dated

    def line_of(self, index: int, text: bytes) -> int:
        """The line of the text, 1 upwards, on which a record starts."""
        return 1 + count_lines(text[: self.records[index].start])


def look(sample: bytes, syntax: Syntax, form: DialectOptions, *, at_end: bool) -> Layout:
    """Read the first records by one set of marks; raises RefusedError where they are not as the caller says."""
    found = Tokenizer(syntax).records(sample, at_end=at_end)
    if form.header_line:
        found = _from_line(found, sample, form.header_line)
    records = tuple(islice(found, LOOKED_AT))
    fields = [record.fields for record in records]
    if form.header_line is not None:
        header = header_of(records[0].fields if records else None, form.header_line) if form.header_line else None
    else:
        header = find_header(fields[:HEADER_WITHIN])
    if any(form.columns):
        return _as_said(syntax, records, header, form)
    if header and header.names.missing:
        return Layout(syntax, records, header, None, len(header.names.names), rows=len(records))
    if header:
        places = header.names.first_places()
        above = [row for row in fields[: header.first] if row is not None]
        if not any(is_row(row, places) for row in above):
            numbered = _are_numbered(records[header.last + 1 :], header, sample, syntax)
            return _below_header(syntax, records, header, places, rows_are_numbered=numbered)
    return _without_header(syntax, records)


def _from_line(records: Iterator[Record], sample: bytes, line: int) -> Iterator[Record]:
    """The records from a line on; raises RefusedError where none starts there."""
    at, counted = 1, 0
    for record in records:
        at, counted = at + count_lines(sample[counted : record.start]), record.start
        if at == line:
            return chain([record], records)
        if at > line:
            break
    raise RefusedError(
        "header_not_found",
        f"The header should be in line {line:,}, but no row of the file begins there (or it is too far down). "
        "Choose another line.",
        line=line,
    )


def _below_header(
    syntax: Syntax, records: tuple[Record, ...], header: Header, places: Places, *, rows_are_numbered: bool
) -> Layout:
    rows = [record.fields for record in records[header.last + 1 :] if record.fields is not None]
    named = max(header.names.named, max(places.values()) + 1)
    # Rows may be longer than the header by fields that are empty, as by a delimiter at the end of each line.
    options = [
        (places, length, named) for length in {named, len(header.names.names), *map(len, rows)} if length >= named
    ]
    if rows_are_numbered:
        # A program left the column of row numbers without a name.
        options = [({column: place + 1 for column, place in places.items()}, named + 1, named + 1)]
    found, length, named = max(
        sorted(options, key=lambda option: option[1]), key=lambda option: count_rows(rows, *option)
    )
    good, below = count_rows(rows, found, length, named), len(records) - header.last - 1
    return Layout(syntax, records, header, found, length, named, good, below)


def _are_numbered(records: Sequence[Record], header: Header, sample: bytes, syntax: Syntax) -> bool:
    """Whether each row begins with its number in quotes, for which the header has no name: R writes tables so."""
    numbers = []
    for record in records:
        if record.fields is None or len(record.fields) != len(header.names.names) + 1:
            return False
        if not syntax.quotechar or not sample.startswith(syntax.quotechar.encode(), record.start):
            return False
        numbers.append(record.fields[0])
    return bool(numbers) and numbers == [b"%d" % number for number in range(1, len(numbers) + 1)]


def _without_header(syntax: Syntax, records: tuple[Record, ...]) -> Layout:
    rows = [record.fields for record in records if record.fields is not None]
    lengths = Counter(len(row) for row in rows if len(row) >= len(INPUT_COLUMNS)).most_common(3)
    best = Layout(
        syntax,
        records,
        None,
        None,
        lengths[0][0] if lengths else len(rows[0]) if rows else 0,
        rows=len(records),
        known=max((Names.of(texts(row)).known for row in rows[:_NAMES_WITHIN]), default=0),
        dated=sum(len(row) >= len(INPUT_COLUMNS) and any(map(is_day, row[:100])) for row in rows),
    )
    for length, _count in lengths:
        some = [row for row in rows if len(row) == length]
        places = places_by_kind(some)
        if places is None:
            continue
        named = max(place + 1 for place in range(length) if any(row[place] for row in some))
        good = count_rows(some, places, length, named)
        if good > best.good:
            best = replace(best, places=places, fields=length, named=named, good=good)
    return best


def _as_said(syntax: Syntax, records: tuple[Record, ...], header: Header | None, form: DialectOptions) -> Layout:
    """The layout with the columns that the caller named, by name or number."""
    rows = [record.fields for record in records if record.fields is not None]
    lengths = Counter(map(len, rows)).most_common(1)
    width = lengths[0][0] if lengths else 0
    if header is None and form.header_line is None:
        header = _said_header(records, form)
    names = header.names.names if header else ()
    known = header.names.candidates if header else {}
    places = {}
    for column, said in zip(INPUT_COLUMNS, form.columns, strict=True):
        place = _place_of(said, names, width, column) if said else (known.get(column) or (None,))[0]
        if place is not None:
            places[column] = place
    if len(places) < len(INPUT_COLUMNS) or len(set(places.values())) < len(places):
        return Layout(syntax, records, header, None, width, rows=len(records))
    if header:
        return _below_header(syntax, records, header, places, rows_are_numbered=False)
    return Layout(syntax, records, None, places, width, width, count_rows(rows, places, width, width), len(records))


def _said_header(records: tuple[Record, ...], form: DialectOptions) -> Header | None:
    """The line that has the names which the caller said; for numbers the first line, unless a row can be read there."""
    said = [plain(name) for name in form.columns if name and not name.isdigit()]
    for index, record in enumerate(records[:HEADER_WITHIN]):
        if record.fields is None:
            continue
        names = [plain(name) for name in texts(record.fields)]
        if said and set(said) <= set(names):
            return Header(index, index, Names.of(texts(record.fields)))
    first = records[0].fields if records else None
    if said or first is None or any(is_day(field) or is_number(field) for field in first):
        return None
    return header_of(first, None)


def _place_of(said: str, names: Sequence[str], width: int, column: str) -> int | None:
    """A column by its number from 1, or by its name, exactly or nearly; raises RefusedError where two have the name."""
    if said.isascii() and said.isdigit() and len(said) < 7:
        return int(said) - 1 if 1 <= int(said) <= max(width, len(names)) else None
    for form in (str, str.strip, plain):
        found = [place for place, name in enumerate(names) if form(name) == form(said)]
        if len(found) > 1:
            raise Names.of(names).ambiguous(column, tuple(found), 1)
        if found:
            return found[0]
    return None
