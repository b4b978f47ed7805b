"""Headers: which line of a file names its columns, and which of them are ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from processing.columns import INPUT_COLUMNS
from processing.dialect.column_synonyms import column_of, is_type_word
from processing.dialect.column_types import Fields
from processing.errors import Choice, Question, RefusedError

MOST_CHOICES = 100
_COLUMN_OPTIONS = ("song_column", "date_column", "plays_column")
_RULER = frozenset(b"-=+|: ")  # characters of a line drawn below a header


@dataclass(frozen=True, slots=True)
class Names:
    """The names in one line, and the places at which each of our columns may be."""

    names: tuple[str, ...]
    candidates: dict[str, tuple[int, ...]]  # the best ones; several if the names do not decide
    doubt: int  # 0 if all are our own names; greater the less certain they are

    @classmethod
    def of(cls, names: Sequence[str]) -> Names:
        """Look up the names."""
        ranks: dict[str, dict[int, list[int]]] = {column: {} for column in INPUT_COLUMNS}
        for place, name in enumerate(names):
            known = column_of(name) if len(name) < 80 else None
            if known:
                ranks[known[0]].setdefault(known[1], []).append(place)
        best = {column: tuple(found[min(found)]) if found else () for column, found in ranks.items()}
        return cls(tuple(names), best, sum(min(found) for found in ranks.values() if found))

    @property
    def named(self) -> int:
        """The number of columns up to the last one with a name."""
        return max((place + 1 for place, name in enumerate(self.names) if name.strip()), default=0)

    @property
    def known(self) -> int:
        """The number of our columns that are named."""
        return sum(bool(found) for found in self.candidates.values())

    @property
    def missing(self) -> list[str]:
        """Our columns that are not named."""
        return [column for column, found in self.candidates.items() if not found]

    def first_places(self) -> dict[str, int]:
        """Return the place of each of our columns, the first of several candidates."""
        return {column: found[0] for column, found in self.candidates.items()}

    def refuse_doubts(self, line: int) -> None:
        """Raise RefusedError if the names do not decide."""
        for column, found in self.candidates.items():
            if len(found) > 1:
                raise self.ambiguous(column, found, line)
        if self.missing:
            raise self._incomplete(line)

    def ambiguous(self, column: str, found: tuple[int, ...], line: int) -> RefusedError:
        """Return the refusal of a header in which several columns could be meant."""
        different = list(dict.fromkeys(" ".join(self.names[place].split()) for place in found))
        question = columns_question(self.names)
        if len(different) > 1:
            return RefusedError("columns_ambiguous", line=line, column=column, question=question, names=different)
        return RefusedError(
            "columns_ambiguous.same",
            line=line,
            column=column,
            question=question,
            name=different[0],
            count=len(found),
        )

    def _incomplete(self, line: int) -> RefusedError:
        missing = self.missing
        return RefusedError(
            "columns_missing" if len(missing) == 1 else "columns_missing.several",
            line=line,
            value=", ".join(name[:40] for name in self.names[:20]),
            question=columns_question(self.names),
            missing=missing,
        )


def columns_question(names: Sequence[str]) -> Question:
    """Return the question which of these columns are ours."""
    shown = enumerate(names[:MOST_CHOICES], start=1)
    return Question(_COLUMN_OPTIONS, tuple(_choice(number, name.strip()[:80]) for number, name in shown))


def _choice(number: int, name: str) -> Choice:
    if name:
        return Choice(str(number), "column", {"name": name})
    return Choice(str(number), "column.unnamed", {"number": number})


@dataclass(frozen=True, slots=True)
class Header:
    """A header among the records of a file."""

    first: int  # index among the records
    last: int  # index of the last record that belongs to it
    names: Names


def header_of(fields: Fields | None, line: int | None) -> Header:
    """Return the first record as the header; raise RefusedError if it could not be split into fields."""
    if fields is None:
        raise RefusedError("header_not_found.open_quote", line=line or 1)
    return Header(0, 0, Names.of(texts(fields)))


def texts(fields: Fields) -> list[str]:
    """Return fields as text, with replacement characters: for inspection only."""
    return [field.decode("utf-8", "replace").removeprefix("\ufeff") for field in fields]


def find_header(records: Sequence[Fields | None]) -> Header | None:
    """Return the first line, or pair of lines, that names all three columns; None if there is none."""
    for index, fields in enumerate(records):
        if fields is None or len(fields) < len(INPUT_COLUMNS):
            continue
        names = Names.of(texts(fields))
        joined = _joined(fields, records[index + 1] if index + 1 < len(records) else None)
        if joined and not joined.missing and (names.missing or joined.doubt < names.doubt):
            return Header(index, index + 1, joined)
        if not names.missing:
            return Header(index, _last_line(records, index), names)
    return None


def _joined(above: Fields, below: Fields | None) -> Names | None:
    """Return names that are split over two lines; None if these are not."""
    if below is None or len(below) != len(above) or any(map(has_digit, below)) or not any(below):
        return None
    if not Names.of(texts(below)).missing:
        return None  # complete names, below a line of other words
    return Names.of([f"{one} {other}".strip() for one, other in zip(texts(above), texts(below), strict=True)])


def _last_line(records: Sequence[Fields | None], header: int) -> int:
    """Return the index of a second line of types or units, or of the header itself if there is none."""
    below = records[header + 1] if header + 1 < len(records) else None
    if below is not None and len(below) == 1 and len(below[0]) > 1 and set(below[0]) <= _RULER:
        return header + 1
    if below is None or len(below) != len(records[header] or ()):
        return header
    cells = texts(below)
    return header + 1 if any(cells) and all(map(is_type_word, cells)) else header


def has_digit(field: bytes) -> bool:
    """Return whether a field contains a digit."""
    return any(0x30 <= byte <= 0x39 for byte in field)


def is_repeated(fields: Fields, places: dict[str, int]) -> bool:
    """Return whether a line in mid-file repeats the header."""
    names = Names.of(texts(fields))
    return all(found == (places[column],) for column, found in names.candidates.items())


def begins_another_table(fields: Fields, places: dict[str, int]) -> bool:
    """Return whether a line in mid-file names at least two of our columns but does not repeat the header.

    Rows below it could be read as plays although they are something else.
    """
    return Names.of(texts(fields)).known >= 2 and not is_repeated(fields, places)
