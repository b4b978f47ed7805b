"""What a run reports when it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

LISTED_BAD_ROWS = 1000  # how many bad rows the report itself lists; all are in rejected.csv


@dataclass(frozen=True, slots=True)
class Detected:
    """What the inspection found out about the file."""

    encoding: str  # utf-8 | utf-8-sig | utf-16-le | utf-16-be | cp1252 | another one of options.ENCODINGS
    delimiter: str
    header: bool
    compression: str | None  # gzip | bzip2 | xz | zstd | zip
    date_style: str  # of dates.DateStyle
    columns: dict[str, int]  # our name -> place in the file, 0 upwards
    quote: str | None  # None: no quotes
    escape: str | None  # a backslash, where one stands before quotes and delimiters that are meant as such
    thousands: str | None  # what separates the digits of 1,234,567; None: nothing
    header_line: int | None  # physical line, 1 upwards
    column_names: tuple[str, ...]  # as the header has them, shortened; empty without header


@dataclass(frozen=True, slots=True)
class PartFile:
    """One output file."""

    name: str
    rows: int  # without the header
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read as (song, date, plays)."""

    line: int  # physical line on which the row starts, 1 upwards
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proof and the results of one run."""

    rows_read: int
    rows_used: int
    bad_rows: int
    plays: int  # exact, also past 2^63
    groups: int  # different (song, day) pairs: the rows written
    seconds: dict[str, float]  # for each step
    detected: Detected
    parts: tuple[PartFile, ...]
    rejected: tuple[BadRow, ...]  # the first LISTED_BAD_ROWS

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """The same without the parts, for keeping beside them."""
        report = self.to_json()
        del report["parts"]
        return report
