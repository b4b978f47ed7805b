"""The characters by which the bytes of a file are cut into records and fields, in the words of Python's csv module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """One way to cut: ASCII characters, or empty for none. Line ends are always LF, CRLF and CR."""

    delimiter: str = ","
    quotechar: str = '"'
    escapechar: str = ""  # a backslash: quote, delimiter, backslash or line end after it lose their meaning
    skipinitialspace: bool = False  # spaces after a delimiter do not count
    strips_spaces: bool = False  # nor do those before it and at both ends of a line, as in a table drawn with bars

    @property
    def is_simple(self) -> bool:
        """Whether cutting at delimiters and taking quotes away is all there is to it."""
        return not (self.escapechar or self.skipinitialspace or self.strips_spaces)


BACKSLASH = "\\"
COMMAS = Syntax()
