"""The characters that split the bytes of a file into records and fields, in the terms of Python's csv module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """One way to split text: ASCII characters, or empty for none. Line ends are always LF, CRLF and CR."""

    delimiter: str = ","
    quotechar: str = '"'
    escapechar: str = ""  # a backslash: a quote, delimiter, backslash or line end after it is literal
    skipinitialspace: bool = False  # spaces after a delimiter are ignored
    strips_spaces: bool = False  # so are those before it and at both ends of a line, as in a table drawn with bars

    @property
    def is_simple(self) -> bool:
        """Whether splitting at delimiters and removing quotes is all there is to it."""
        return not (self.escapechar or self.skipinitialspace or self.strips_spaces)


BACKSLASH = "\\"
COMMAS = Syntax()
