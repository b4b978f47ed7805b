"""The marks by which the bytes of a file are cut into records and fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """One way to cut; all marks are ASCII, line ends are always LF, CRLF and CR."""

    delimiter: str = ","
    quote: str = '"'  # empty: quotes are characters like any other
    escape: bool = False  # a backslash takes the meaning from a quote, delimiter, backslash or line end behind it
    skips_blanks: bool = False  # blanks behind a delimiter do not count
    strips_blanks: bool = False  # nor do those before it and at both ends of a line, as in a table drawn with bars

    @property
    def is_simple(self) -> bool:
        """Whether cutting at delimiters and taking quotes away is all there is to it."""
        return not (self.escape or self.skips_blanks or self.strips_blanks)


BACKSLASH = "\\"
COMMAS = Marks()
