"""The dialect of one file, fixed by the inspection; every later row is held to it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from typing import Any

from common.option_words import DateStyle
from processing.columns import INPUT_COLUMNS
from processing.dialect.rows import RowReader
from processing.dialect.syntax import COMMAS, Syntax
from processing.result import Detected

LONGEST_NAME = 80  # characters of a column's name that are shown
MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the bytes of a file represent rows. Offsets and lines are those of its text: unpacked, in UTF-8."""

    encoding: str  # a codec; utf-8-sig: UTF-8 with a byte order mark
    header: bool
    fields: int  # number of fields in each record
    places: dict[str, int]  # column name -> index among the fields
    first_row: int  # byte offset of the first record after the header
    record_bytes: float  # of an average record, measured on the first MiB
    syntax: Syntax = COMMAS
    named: int = sys.maxsize  # fields after this many must be empty
    compression: str | None = None
    mark_bytes: int = 0  # of a byte order mark that is not part of the text
    dates: DateStyle = DateStyle.ISO
    thousands: str = ""  # their separator; empty for none
    corrections: bool = False  # plays may be negative
    header_line: int | None = None  # physical, from 1
    first_line: int = 1  # physical, of first_row
    names: tuple[str, ...] = ()  # of the columns, as in the header
    may_reopen: bool = False  # the sample is all ASCII, so another encoding may show up later
    undecided: tuple[int, str] | None = None  # line and text of a date, if none decides the order of day and month
    asks: bool = True  # the caller has chosen no date style, so contradictory dates are a question

    def to_state(self) -> dict[str, Any]:
        """Return the dialect as JSON-serializable state."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Dialect:
        """Return the dialect that was saved."""
        undecided = state["undecided"]
        return replace(
            cls(**state),
            syntax=Syntax(**state["syntax"]),
            dates=DateStyle(state["dates"]),
            names=tuple(state["names"]),
            undecided=None if undecided is None else (undecided[0], undecided[1]),
        )

    @property
    def is_raw(self) -> bool:
        """Whether the bytes of the file are its text, so that any range can be read at any time."""
        return self.compression is None and self.encoding in ("utf-8", "utf-8-sig")

    @property
    def has_plain_values(self) -> bool:
        """Whether dates and numbers are written in the format of the fastest parsers."""
        return self.dates is DateStyle.ISO and not self.thousands and not self.corrections

    def fits(self, fields: tuple[bytes, ...]) -> bool:
        """Return whether a record has the right number of fields, with nothing after the last named column."""
        return len(fields) == self.fields and not any(fields[self.named :])

    def row_reader(self) -> RowReader:
        """Return a reader of single rows."""
        return RowReader(self.places, self.dates, self.thousands, corrections=self.corrections)

    def detected(self) -> Detected:
        """Return the dialect in the terms of the report."""
        return Detected(
            encoding=self.encoding,
            delimiter=self.syntax.delimiter,
            header=self.header,
            compression=self.compression,
            date_style=str(self.dates),
            columns={column: self.places[column] for column in INPUT_COLUMNS},
            quote=self.syntax.quotechar or None,
            escape=self.syntax.escapechar or None,
            thousands=self.thousands or None,
            header_line=self.header_line,
            column_names=tuple(name[:LONGEST_NAME] for name in self.names[:MOST_NAMES]),
        )
