"""Records and fields by RFC 4180, exactly and slowly: the referee for what the fast path cannot judge.

Rules beyond the RFC, the same as the fast path keeps: a quote inside an unquoted field is a character like any
other; LF, CRLF and CR alone end a record; blank lines are no records. A field that opens with a quote and
does not close properly makes its line a bad one, and reading goes on at the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# A quote that is not closed within this many bytes counts as never closed, so one stray quote
# cannot swallow a file.
MAX_QUOTED_RUN = 1 << 20

Text = bytes | bytearray

_LONG = 1 << 14
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its bytes from ``start`` to ``end`` (line end included)."""

    start: int
    end: int
    fields: tuple[bytes, ...] | None  # None: a quote is opened and not closed properly


class Tokenizer:
    """Cuts bytes into records for one delimiter."""

    def __init__(self, delimiter: str = ",") -> None:
        self._delimiter = delimiter.encode()
        mark = re.escape(self._delimiter)
        run = rb'[^"]{0,%d}+' % MAX_QUOTED_RUN
        self._quoted = re.compile(rb'"(' + run + rb'(?:""' + run + rb')*+)"(?=[' + mark + rb"\r\n]|\Z)")
        self._plain = re.compile(rb"[^" + mark + rb"\r\n]*+")
        self._open_at_end = re.compile(rb'"' + run + rb'(?:""' + run + rb")*+\"?\Z")

    def records(self, data: Text, *, at_end: bool = True) -> Iterator[Record]:
        """The records of ``data`` in order, blank lines left out.

        With ``at_end`` false more bytes follow, so a last record that may go on is not given.
        """
        position, size = 0, len(data)
        while position < size:
            record = self._record(data, position)
            if record is None:
                if not at_end and self._may_go_on(data, position):
                    return
                record = Record(position, self._next_line(data, position), None)
            # A line end that touches the end of the bytes may be the first half of CRLF.
            if not at_end and record.end == size and not data.endswith(b"\n"):
                return
            if record.fields != (b"",) or data[record.start : record.start + 1] == b'"':
                yield record
            position = record.end

    def _record(self, data: Text, start: int) -> Record | None:
        """The record that begins at ``start``; None when one of its quotes does not close properly."""
        fields = []
        position = start
        while True:
            if data.startswith(b'"', position):
                match = self._quoted.match(data, position)
                if match is None:
                    return None
                fields.append(bytes(match[1]).replace(b'""', b'"'))
            else:
                match = self._plain.match(data, position)
                assert match is not None  # the pattern matches nothing, too
                fields.append(bytes(match[0]))
            position = match.end()
            if not data.startswith(self._delimiter, position):
                line_end = _LINE_END.match(data, position)
                return Record(start, line_end.end() if line_end else position, tuple(fields))
            position += len(self._delimiter)

    def _may_go_on(self, data: Text, start: int) -> bool:
        """Whether the quote that does not close could still close in the bytes to come."""
        position = start
        while True:
            if data.startswith(b'"', position):
                match = self._quoted.match(data, position)
                if match is None:
                    return self._open_at_end.match(data, position) is not None
            else:
                match = self._plain.match(data, position)
                assert match is not None
            position = match.end() + len(self._delimiter)

    @staticmethod
    def _next_line(data: Text, start: int) -> int:
        match = _LINE_END.search(data, start)
        return match.end() if match else len(data)


def count_lines(data: Text) -> int:
    """How many line ends (LF, CRLF, CR) the bytes hold."""
    if b"\r" in data:
        return _count(data, b"\n") + _count(data, b"\r") - data.count(b"\r\n")
    return _count(data, b"\n")


def _count(data: Text, byte: bytes) -> int:
    """How often a byte comes up; in long texts full of it numpy is four times faster."""
    if len(data) < _LONG:
        return data.count(byte)
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == byte[0]))
