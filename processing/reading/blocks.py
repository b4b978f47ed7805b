"""The text of a file in spans of whole records: ranges where any place can be read, else pieces of a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from processing.dialect.dialect import Dialect
from processing.dialect.footer import TAIL_BYTES, footer_start
from processing.dialect.tokenizer import Text as Bytes
from processing.options import Options
from processing.reading.record_boundaries import Cut, Cutter, Window
from processing.source.text_stream import Entry, Text, open_text


@dataclass(frozen=True, slots=True)
class Span:
    """A range of whole records: the unit of work of reading."""

    index: int  # 0 upwards, in file order
    start: int  # byte offsets in the text
    end: int
    quoted: bool  # holds quotes
    needs_tokenizer: bool  # holds what only the tokenizer can judge
    footer: bool = False  # lines at the end of the file, of which one begins like a line of totals
    fraction: float = 0.0  # of the file that was read with it, 0 to 1
    data: bytes | None = None  # the text itself, where it cannot be read from the file again
    entry: Entry | None = None  # a place before its end, at which such a file can be entered


def spans(
    source: Path,
    dialect: Dialect,
    block_bytes: int,
    options: Options | None = None,
    *,
    use_kernel: bool = False,
    index: int = 0,
    start: int | None = None,
    entry: Entry | None = None,
) -> Iterator[Span]:
    """Cut the text from its first row on into spans of about ``block_bytes``; raises RefusedError.

    With the kernel spans that hold quotes are not looked at closely, and count as exact. ``index`` and ``start`` are
    those of the first span that is wanted, where others before it are done with, and ``entry`` is that of the last of
    these.
    """
    cutter = Cutter(dialect.syntax, block_bytes, use_kernel=use_kernel)
    with _open_window(source, dialect, block_bytes, options or Options(), entry) as window:
        start = dialect.first_row if start is None else start
        window.pass_over(start)
        while cut := _cut(cutter, window, start, dialect):
            end = start + cut.end
            data, fraction = window.pass_on(start, end)
            way_in = window.entry_before(end)
            yield Span(index, start, end, cut.quoted, cut.needs_tokenizer, fraction=fraction, data=data, entry=way_in)
            index, start = index + 1, end
        if footer := window.footer():
            yield Span(index, start, start + len(footer), True, True, footer=True, fraction=1.0, data=footer)


def _cut(cutter: Cutter, window: _Window, start: int, dialect: Dialect) -> Cut | None:
    """The next cut, not behind lines of totals: they must be seen with what follows them."""
    least = cutter.block_bytes
    while cut := cutter.cut(window, start, least):
        end = start + cut.end
        found = _footer_before(end, start, window, dialect)
        if found > start or least > cutter.block_bytes + TAIL_BYTES:
            return Cut(
                found - start if found > start else cut.end, quoted=cut.quoted, needs_tokenizer=cut.needs_tokenizer
            )
        least *= 2
    return None


def _footer_before(end: int, start: int, window: _Window, dialect: Dialect) -> int:
    """Where lines of totals begin, not before ``start``, that end at ``end``; there where there are none."""
    tail = max(end - TAIL_BYTES, start)
    return tail + footer_start(window.look_at(tail, end), dialect, is_torn=tail > start)


def load(source: Path, span: Span) -> bytes:
    """The text of a span; raises OSError where the file has become shorter."""
    return span.data if span.data is not None else read_bytes(source, span.start, span.end)


def read_bytes(source: Path, start: int, end: int) -> bytes:
    """The bytes of a range of the file; raises OSError where it has become shorter."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        data = os.pread(descriptor, end - start, start)
    finally:
        os.close(descriptor)
    if len(data) < end - start:
        raise OSError("the file became shorter while it was read")
    return data


class _Window(Window, Protocol):
    def pass_over(self, start: int) -> None:
        """Leave out what comes before."""

    def look_at(self, start: int, end: int) -> bytes:
        """Some of the bytes that were read last."""

    def pass_on(self, start: int, end: int) -> tuple[bytes | None, float]:
        """The text of a span that carries it, and how much of the file has been read with it."""

    def entry_before(self, start: int) -> Entry | None:
        """Where a stream can be entered to get there; no earlier place is asked for afterwards."""

    def footer(self) -> bytes:
        """What stands behind the last row, once that was read."""


@contextmanager
def _open_window(
    source: Path, dialect: Dialect, block_bytes: int, options: Options, entry: Entry | None
) -> Iterator[_Window]:
    if dialect.is_raw:
        descriptor = os.open(source, os.O_RDONLY)
        try:
            yield _FileWindow(descriptor, block_bytes, dialect)
        finally:
            os.close(descriptor)
    else:
        with open_text(source, dialect, options, entry) as text:
            yield _StreamWindow(text, dialect)


class _FileWindow:
    """A file in memory that is used again and again: fresh memory would cost more than the reading."""

    def __init__(self, descriptor: int, block_bytes: int, dialect: Dialect) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray(block_bytes)
        self._size = os.fstat(descriptor).st_size
        self._end = _footer_before(self._size, dialect.first_row, self, dialect)

    def pass_over(self, _start: int) -> None:
        pass  # any place can be read

    def read(self, start: int, length: int) -> tuple[Bytes, bool]:
        length = min(length, self._end - start)
        room = self._buffer if length == len(self._buffer) else bytearray(max(length, 0))
        # pread, not mmap: mapped input would count as memory of the job.
        got = os.preadv(self._descriptor, [room], start) if length > 0 else 0
        return (room if got == len(room) else room[:got]), start + got >= self._end

    def look_at(self, start: int, end: int) -> bytes:
        return os.pread(self._descriptor, end - start, start)

    def pass_on(self, _start: int, end: int) -> tuple[bytes | None, float]:
        return None, end / self._size

    def entry_before(self, _start: int) -> None:
        return None  # any place can be read

    def footer(self) -> bytes:
        return os.pread(self._descriptor, self._size - self._end, self._end)


class _StreamWindow:
    """A stream, of which as much is in memory as has not been passed on."""

    def __init__(self, text: Text, dialect: Dialect) -> None:
        self._text = text
        self._pieces = text.pieces()
        self._dialect = dialect
        self._buffer = bytearray()
        self._start = text.offset  # of the buffer, in the text
        self._end: int | None = None  # of the last row, once the stream is at its end

    def pass_over(self, start: int) -> None:
        while self._start < start:
            piece = next(self._pieces, None)
            if piece is None:
                return
            passed_over = min(len(piece), start - self._start)
            self._buffer += memoryview(piece)[passed_over:]
            self._start += passed_over

    def read(self, start: int, length: int) -> tuple[Bytes, bool]:
        # The end of the text is kept back until it is seen whether it is a footer.
        while self._end is None and self._start + len(self._buffer) < start + length + TAIL_BYTES:
            piece = next(self._pieces, None)
            if piece is None:
                self._end = _footer_before(self._start + len(self._buffer), start, self, self._dialect)
            else:
                self._buffer += piece
        self._forget(start)
        end = start + length if self._end is None else min(start + length, self._end)
        return bytes(memoryview(self._buffer)[: max(end - start, 0)]), end == self._end

    def look_at(self, start: int, end: int) -> bytes:
        return bytes(memoryview(self._buffer)[start - self._start : end - self._start])

    def pass_on(self, _start: int, end: int) -> tuple[bytes | None, float]:
        data = bytes(memoryview(self._buffer)[: end - self._start])
        self._forget(end)
        return data, self._text.fraction

    def entry_before(self, start: int) -> Entry | None:
        return self._text.entry_before(start)

    def footer(self) -> bytes:
        return bytes(self._buffer)

    def _forget(self, start: int) -> None:
        del self._buffer[: start - self._start]
        self._start = start
