"""The form of one file, fixed by the inspection; every later row is held to it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from typing import Any

from processing.columns import INPUT_COLUMNS
from processing.date_styles import DateStyle
from processing.dialect.rows import RowReader
from processing.dialect.syntax import COMMAS, Syntax
from processing.result import Detected

LONGEST_NAME = 80  # characters of a column's name that are shown
MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the bytes of a file stand for rows. Offsets and lines are those of its text: unpacked, in UTF-8."""

    encoding: str  # a codec; utf-8-sig: UTF-8 with a byte order mark
    header: bool
    fields: int  # how many each record has
    places: dict[str, int]  # column name -> index among the fields
    first_row: int  # byte offset of the first record after the header
    record_bytes: float  # of an average record, measured on the first MiB
    syntax: Syntax = COMMAS
    named: int = sys.maxsize  # how many of the fields may hold something
    compression: str | None = None
    mark_bytes: int = 0  # of a byte order mark that is no text
    dates: DateStyle = DateStyle.ISO
    thousands: str = ""  # the mark between them
    corrections: bool = False  # plays may be negative
    header_line: int | None = None  # physical, 1 upwards
    first_line: int = 1  # on which first_row lies
    names: tuple[str, ...] = ()  # of the columns, as the header has them
    may_reopen: bool = False  # the sample was all ASCII, so another encoding may show later
    undecided: tuple[int, str] | None = None  # line and text of a date, where none shows if day or month comes first
    asks: bool = True  # contradictions are a question to the caller, who has not answered it yet

    def to_state(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Dialect:
        """The dialect that was kept."""
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
        """Whether the bytes of the file are its text, so that any part can be read at any time."""
        return self.compression is None and self.encoding in ("utf-8", "utf-8-sig")

    @property
    def has_plain_values(self) -> bool:
        """Whether dates and numbers are written as the fastest ways read them."""
        return self.dates is DateStyle.ISO and not self.thousands and not self.corrections

    def fits(self, fields: tuple[bytes, ...]) -> bool:
        """Whether a record has as many fields as rows have, and none behind the last column holds something."""
        return len(fields) == self.fields and not any(fields[self.named :])

    def row_reader(self) -> RowReader:
        """What judges single rows."""
        return RowReader(self.places, self.dates, self.thousands, corrections=self.corrections)

    def detected(self) -> Detected:
        """The same in the words of the report."""
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
