"""The marks by which the bytes of a file are cut into records and fields."""

from __future__ import annotations

from dataclasses import dataclass

BACKSLASH = "\\"


@dataclass(frozen=True, slots=True)
class Marks:
    """One way to cut; all marks are ASCII, line ends are always LF, CRLF and CR."""

    delimiter: str = ","
    quote: str = '"'  # empty: quotes are characters like any other
    escape: bool = False  # a backslash takes the meaning from a quote, delimiter, backslash or line end behind it
    skips_blanks: bool = False  # blanks behind a delimiter do not count


BACKSLASH = "\\"
COMMAS = Marks()
