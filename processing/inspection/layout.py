"""Layouts: where the header is and which columns are ours, if a file is read in one syntax."""

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

LOOKED_AT = 250  # records, in each syntax
HEADER_WITHIN = 100  # records
_NAMES_WITHIN = 20  # records, for a header that lacks a column

Places = dict[str, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """The first records of a file as one syntax reads them."""

    syntax: Syntax
    records: tuple[Record, ...]
    header: Header | None
    places: Places | None  # None: not certain
    fields: int
    named: int = 0  # fields after this many are empty
    good: int = 0  # rows that can be read
    rows: int = 0  # records that should be rows
    known: int = 0  # of our columns, in the line that names most of them, if none names all
    dated: int = 0  # rows with a date in them

    @property
    def reads_all(self) -> bool:
        """Whether no other syntax could do better."""
        return self.rows > 0 and self.good == self.rows

    @property
    def rank(self) -> tuple[int, bool, int, int, int]:
        """A sort key: the better layout has the greater one."""
        return self.good, self.header is not None, self.good - self.rows, self.known, self.dated

    def line_of(self, index: int, text: bytes) -> int:
        """Return the line of the text, from 1, on which a record starts."""
        return 1 + count_lines(text[: self.records[index].start])


def read_layout(sample: bytes, syntax: Syntax, wanted: DialectOptions, *, at_end: bool) -> Layout:
    """Read the first records in one syntax; raise RefusedError if they contradict the caller's options."""
    found = Tokenizer(syntax).records(sample, at_end=at_end)
    if wanted.header_line:
        found = _from_line(found, sample, wanted.header_line)
    records = tuple(islice(found, LOOKED_AT))
    fields = [record.fields for record in records]
    if wanted.header_line is not None:
        header = header_of(records[0].fields if records else None, wanted.header_line) if wanted.header_line else None
    else:
        header = find_header(fields[:HEADER_WITHIN])
    if any(wanted.columns):
        return _with_chosen_columns(syntax, records, header, wanted)
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
    """Return the records from a line on; raise RefusedError if none starts there."""
    at, counted = 1, 0
    for record in records:
        at, counted = at + count_lines(sample[counted : record.start]), record.start
        if at == line:
            return chain([record], records)
        if at > line:
            break
    raise RefusedError("header_not_found", line=line)


def _below_header(
    syntax: Syntax, records: tuple[Record, ...], header: Header, places: Places, *, rows_are_numbered: bool
) -> Layout:
    rows = [record.fields for record in records[header.last + 1 :] if record.fields is not None]
    named = max(header.names.named, max(places.values()) + 1)
    # Rows may be longer than the header by empty fields, as with a delimiter at the end of each line.
    options = [
        (places, length, named) for length in {named, len(header.names.names), *map(len, rows)} if length >= named
    ]
    if rows_are_numbered:
        # Some program left the column of row numbers without a name.
        options = [({column: place + 1 for column, place in places.items()}, named + 1, named + 1)]
    found, length, named = max(
        sorted(options, key=lambda option: option[1]), key=lambda option: count_rows(rows, *option)
    )
    good, below = count_rows(rows, found, length, named), len(records) - header.last - 1
    return Layout(syntax, records, header, found, length, named, good, below)


def _are_numbered(records: Sequence[Record], header: Header, sample: bytes, syntax: Syntax) -> bool:
    """Return whether each row begins with its quoted number, unnamed in the header, as in tables written by R."""
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


def _with_chosen_columns(
    syntax: Syntax, records: tuple[Record, ...], header: Header | None, wanted: DialectOptions
) -> Layout:
    """Return the layout with the columns that the caller chose, by name or number."""
    rows = [record.fields for record in records if record.fields is not None]
    lengths = Counter(map(len, rows)).most_common(1)
    width = lengths[0][0] if lengths else 0
    if header is None and wanted.header_line is None:
        header = _header_with_chosen_names(records, wanted)
    names = header.names.names if header else ()
    known = header.names.candidates if header else {}
    places = {}
    for column, chosen in zip(INPUT_COLUMNS, wanted.columns, strict=True):
        place = _place_of(chosen, names, width, column) if chosen else (known.get(column) or (None,))[0]
        if place is not None:
            places[column] = place
    if len(places) < len(INPUT_COLUMNS) or len(set(places.values())) < len(places):
        return Layout(syntax, records, header, None, width, rows=len(records))
    if header:
        return _below_header(syntax, records, header, places, rows_are_numbered=False)
    return Layout(syntax, records, None, places, width, width, count_rows(rows, places, width, width), len(records))


def _header_with_chosen_names(records: tuple[Record, ...], wanted: DialectOptions) -> Header | None:
    """Return the line with the names that the caller chose; for numbers the first line, unless it can be a row."""
    chosen = [plain(name) for name in wanted.columns if name and not name.isdigit()]
    for index, record in enumerate(records[:HEADER_WITHIN]):
        if record.fields is None:
            continue
        names = [plain(name) for name in texts(record.fields)]
        if chosen and set(chosen) <= set(names):
            return Header(index, index, Names.of(texts(record.fields)))
    first = records[0].fields if records else None
    if chosen or first is None or any(is_day(field) or is_number(field) for field in first):
        return None
    return header_of(first, None)


def _place_of(chosen: str, names: Sequence[str], width: int, column: str) -> int | None:
    """Return the place of a column, chosen by number from 1 or by name; raise RefusedError if two have the name."""
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 7:
        return int(chosen) - 1 if 1 <= int(chosen) <= max(width, len(names)) else None
    for normalize in (str, str.strip, plain):
        found = [place for place, name in enumerate(names) if normalize(name) == normalize(chosen)]
        if len(found) > 1:
            raise Names.of(names).ambiguous(column, tuple(found), 1)
        if found:
            return found[0]
    return None
