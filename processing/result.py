"""The report of a finished run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from processing import sentences

LISTED_BAD_ROWS = 1000  # how many bad rows the report itself lists; all are in rejected.csv


@dataclass(frozen=True, slots=True)
class Detected:
    """What the inspection detected about the file."""

    encoding: str  # utf-8 | utf-8-sig | utf-16-le | utf-16-be | cp1252 | another of options.ENCODINGS
    delimiter: str
    header: bool
    compression: str | None  # gzip | bzip2 | xz | zstd | zip
    date_style: str  # a value of date_styles.DateStyle
    columns: dict[str, int]  # our name -> index in the file, from 0
    quote: str | None  # None: no quotes
    escape: str | None  # a backslash, if the file escapes quotes and delimiters with it
    thousands: str | None  # separator as in 1,234,567; None: none
    header_line: int | None  # physical line, from 1
    column_names: tuple[str, ...]  # as in the header, shortened; empty without a header


@dataclass(frozen=True, slots=True)
class PartFile:
    """One output file."""

    name: str
    rows: int  # without the header
    bytes: int
    sha256: str
    media_type: str = "text/csv"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read as (song, date, plays)."""

    line: int  # physical line on which the row starts, from 1
    column: str
    value: str
    code: str  # of sentences.REASONS
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return why it cannot be read, for people."""
        return sentences.reason(self.code, self.column, self.value, self.params)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of one run, and the counts that prove them."""

    rows_read: int
    rows_used: int
    bad_rows: int
    plays: int  # exact, even beyond 2^63
    groups: int  # distinct (song, day) pairs: the rows written
    seconds: dict[str, float]  # for each step
    detected: Detected
    parts: tuple[PartFile, ...]
    rejected: tuple[BadRow, ...]  # the first LISTED_BAD_ROWS

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        report = asdict(self)
        return report | {"rejected": [sentences.bad_row_json(row) for row in report["rejected"]]}

    def summary(self) -> dict[str, Any]:
        """Return the same without the parts, which are stored separately; bad rows have codes in place of reasons."""
        report = asdict(self)
        del report["parts"]
        return report
