"""The tokenizer: records and fields by RFC 4180, exact and slow, the judge of what the fast paths cannot decide.

Rules beyond the RFC, which the fast paths share: a quote inside an unquoted field is a character like any other; LF,
CRLF and a lone CR end a record; blank lines are no records. A field that opens with a quote and does not close
properly makes its line a bad one, and reading continues at the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from processing.dialect.syntax import COMMAS, Syntax

# A quote that is not closed within this many bytes counts as never closed, so that one stray quote
# cannot swallow a file.
MAX_QUOTED_RUN = 1 << 20

Text = bytes | bytearray

_LONG = 1 << 14
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BACKSLASHES = re.compile(rb"(\\*)(?:\r\n|\r|\n)\Z")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its bytes from ``start`` to ``end`` (line end included)."""

    start: int
    end: int
    fields: tuple[bytes, ...] | None  # None: a quote is not closed properly


class _Patterns:
    """The regular expressions of one syntax."""

    def __init__(self, syntax: Syntax) -> None:
        mark, quote = re.escape(syntax.delimiter.encode()), re.escape(syntax.quotechar.encode())
        most = b"{0,%d}+" % MAX_QUOTED_RUN
        if syntax.escapechar:
            # 4,096 runs of 256 bytes: MAX_QUOTED_RUN in all.
            inner = rb"((?:[^\\" + quote + rb"]{1,256}+|\\[\s\S]|" + quote * 2 + rb"){0,4096}+)"
            self.plain = re.compile(rb"(?:[^\\" + mark + rb"\r\n]++|\\(?:\r\n|[\s\S]|\Z))*+")
            unfinished = rb"[\\" + quote + rb"]?"
        else:
            run = rb"[^" + quote + rb"]" + most
            inner = rb"(" + run + rb"(?:" + quote * 2 + run + rb")*+)"
            self.plain = re.compile(rb"[^" + mark + rb"\r\n]*+")
            unfinished = quote + rb"?"
        if syntax.quotechar:
            after = rb"[ \t]*+" if syntax.strips_spaces else b""
            self.quoted = re.compile(quote + inner + quote + after + rb"(?=[" + mark + rb"\r\n]|\Z)")
            self.open_at_end = re.compile(quote + inner + unfinished + rb"\Z")
        self.escaped = re.compile(rb"\\(\r\n|[\\\"'\r\n" + mark + rb"])|(" + (quote * 2 or rb"(?!)") + rb")")
        self.blanks = re.compile(rb"[ \t]*+" if syntax.delimiter != "\t" else rb" *+")


class Tokenizer:
    """Splits bytes into records by one syntax."""

    def __init__(self, syntax: Syntax = COMMAS) -> None:
        self._syntax = syntax
        self._delimiter = syntax.delimiter.encode()
        self._quote = syntax.quotechar.encode()
        self._patterns = _Patterns(syntax)

    def records(self, data: Text, *, at_end: bool = True) -> Iterator[Record]:
        """Yield the records of ``data`` in order, without blank lines.

        With ``at_end`` false more bytes follow, and a last record that they may continue is not yielded.
        """
        position, size = 0, len(data)
        while position < size:
            record = self._record(data, position)
            if record is None:
                if not at_end and self._may_go_on(data, position):
                    return
                record = Record(position, self._next_line(data, position), None)
            if not at_end and record.end == size and not self._is_ended(data, record):
                return
            if record.fields != (b"",) or self._opens(data, record.start):
                yield record
            position = record.end

    def _opens(self, data: Text, position: int) -> bool:
        return bool(self._quote) and data.startswith(self._quote, position)

    def _record(self, data: Text, start: int) -> Record | None:
        """Return the record that begins at ``start``; None if one of its quotes does not close properly."""
        fields = []
        position = self._blanks_end(data, start) if self._syntax.strips_spaces else start
        while True:
            if self._opens(data, position):
                match = self._patterns.quoted.match(data, position)
                if match is None:
                    return None
                fields.append(self._without_escapes(bytes(match[1]), quoted=True))
            else:
                match = self._patterns.plain.match(data, position)
                assert match is not None  # the pattern also matches the empty string
                text = bytes(match[0]).strip(b" \t") if self._syntax.strips_spaces else bytes(match[0])
                fields.append(self._without_escapes(text, quoted=False))
            position = match.end()
            if not data.startswith(self._delimiter, position):
                line_end = _LINE_END.match(data, position)
                return Record(start, line_end.end() if line_end else position, tuple(fields))
            position = self._next_field(data, position)

    def _without_escapes(self, field: bytes, *, quoted: bool) -> bytes:
        if self._syntax.escapechar and b"\\" in field:
            return self._patterns.escaped.sub(lambda found: found[1] or (found[2][:1] if quoted else found[2]), field)
        return field.replace(self._quote * 2, self._quote) if quoted else field

    def _next_field(self, data: Text, delimiter: int) -> int:
        position = delimiter + len(self._delimiter)
        if self._syntax.skipinitialspace or self._syntax.strips_spaces:
            return self._blanks_end(data, position)
        return position

    def _blanks_end(self, data: Text, position: int) -> int:
        blanks = self._patterns.blanks.match(data, position)
        assert blanks is not None
        return blanks.end()

    def _may_go_on(self, data: Text, start: int) -> bool:
        """Return whether the quote that does not close could still close in the bytes to come."""
        position = self._blanks_end(data, start) if self._syntax.strips_spaces else start
        while True:
            if self._opens(data, position):
                match = self._patterns.quoted.match(data, position)
                if match is None:
                    return self._patterns.open_at_end.match(data, position) is not None
            else:
                match = self._patterns.plain.match(data, position)
                assert match is not None
            position = self._next_field(data, match.end())

    def _is_ended(self, data: Text, record: Record) -> bool:
        """Return whether a record at the end of the bytes is complete, whatever follows."""
        # A CR may be the first half of CRLF.
        if not data.endswith(b"\n"):
            return False
        if not self._syntax.escapechar or record.fields is None:
            return True
        found = _BACKSLASHES.search(data, record.start)
        return found is not None and len(found[1]) % 2 == 0

    @staticmethod
    def _next_line(data: Text, start: int) -> int:
        match = _LINE_END.search(data, start)
        return match.end() if match else len(data)


def count_lines(data: Text) -> int:
    """Count the line ends (LF, CRLF, CR) in the bytes."""
    if b"\r" in data:
        return _count(data, b"\n") + _count(data, b"\r") - data.count(b"\r\n")
    return _count(data, b"\n")


def _count(data: Text, byte: bytes) -> int:
    """Count a byte; in long texts full of it numpy is four times faster."""
    if len(data) < _LONG:
        return data.count(byte)
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == byte[0]))
