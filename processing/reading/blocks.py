"""Spans of whole records: ranges of a file in which any offset can be read, otherwise pieces of a stream."""

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

    index: int  # from 0, in file order
    start: int  # byte offsets in the text
    end: int
    quoted: bool  # contains quotes
    needs_tokenizer: bool  # contains what only the tokenizer can judge
    footer: bool = False  # lines at the end of the file, one of which begins like a totals line
    fraction: float = 0.0  # of the file that has been read with it, 0 to 1
    data: bytes | None = None  # the text itself, if it cannot be read from the file again
    entry: Entry | None = None  # a point before its end at which such a file can be entered


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
    """Cut the text from its first row on into spans of about ``block_bytes`` bytes.

    With the kernel, spans with quotes are not examined and are marked ``needs_tokenizer``. To continue after earlier
    spans, pass ``index`` and ``start`` of the next one and ``entry`` of the last one.

    Raises:
        RefusedError: a record is longer than MAX_RECORD, or the stream is damaged or cannot be decoded.
    """
    cutter = Cutter(dialect.syntax, block_bytes, use_kernel=use_kernel)
    with _open_window(source, dialect, block_bytes, options or Options(), entry) as window:
        start = dialect.first_row if start is None else start
        window.skip_to(start)
        while cut := _cut(cutter, window, start, dialect):
            end = start + cut.end
            data, fraction = window.release(start, end)
            entry_point = window.entry_before(end)
            yield Span(
                index, start, end, cut.quoted, cut.needs_tokenizer, fraction=fraction, data=data, entry=entry_point
            )
            index, start = index + 1, end
        if footer := window.footer():
            yield Span(index, start, start + len(footer), True, True, footer=True, fraction=1.0, data=footer)


def _cut(cutter: Cutter, window: _Window, start: int, dialect: Dialect) -> Cut | None:
    """Return the next cut, never after totals lines, which must be judged with what follows them."""
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
    """Return where a footer that ends at ``end`` begins, at the earliest at ``start``; ``end`` if there is none."""
    tail = max(end - TAIL_BYTES, start)
    return tail + footer_start(window.peek(tail, end), dialect, is_torn=tail > start)


def load(source: Path, span: Span) -> bytes:
    """Return the text of a span; raise OSError if the file has become shorter."""
    return span.data if span.data is not None else read_bytes(source, span.start, span.end)


def read_bytes(source: Path, start: int, end: int) -> bytes:
    """Return the bytes of a range of the file; raise OSError if it has become shorter."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        data = os.pread(descriptor, end - start, start)
    finally:
        os.close(descriptor)
    if len(data) < end - start:
        raise OSError("the file became shorter while it was read")
    return data


class _Window(Window, Protocol):
    def skip_to(self, start: int) -> None:
        """Skip the text before ``start``."""

    def peek(self, start: int, end: int) -> bytes:
        """Return a range of the bytes that were read last."""

    def release(self, start: int, end: int) -> tuple[bytes | None, float]:
        """Release a span; return its text, if the span carries it, and the fraction of the file read with it."""

    def entry_before(self, start: int) -> Entry | None:
        """Return where a stream can be entered to get to ``start``; earlier offsets cannot be asked for afterwards."""

    def footer(self) -> bytes:
        """Return what follows the last row, once that was read."""


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
    """A file, read into a buffer that is reused: fresh memory would cost more than the reading."""

    def __init__(self, descriptor: int, block_bytes: int, dialect: Dialect) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray(block_bytes)
        self._size = os.fstat(descriptor).st_size
        self._end = _footer_before(self._size, dialect.first_row, self, dialect)

    def skip_to(self, _start: int) -> None:
        pass  # any offset can be read

    def read(self, start: int, length: int) -> tuple[Bytes, bool]:
        length = min(length, self._end - start)
        room = self._buffer if length == len(self._buffer) else bytearray(max(length, 0))
        # pread, not mmap: mapped input would count as memory of the job.
        got = os.preadv(self._descriptor, [room], start) if length > 0 else 0
        return (room if got == len(room) else room[:got]), start + got >= self._end

    def peek(self, start: int, end: int) -> bytes:
        return os.pread(self._descriptor, end - start, start)

    def release(self, _start: int, end: int) -> tuple[bytes | None, float]:
        return None, end / self._size

    def entry_before(self, _start: int) -> None:
        return None  # any offset can be read

    def footer(self) -> bytes:
        return os.pread(self._descriptor, self._size - self._end, self._end)


class _StreamWindow:
    """A stream, buffered as far as it has been read but not released."""

    def __init__(self, text: Text, dialect: Dialect) -> None:
        self._text = text
        self._pieces = text.pieces()
        self._dialect = dialect
        self._buffer = bytearray()
        self._start = text.offset  # of the buffer, in the text
        self._end: int | None = None  # of the last row, once the stream is at its end

    def skip_to(self, start: int) -> None:
        while self._start < start:
            piece = next(self._pieces, None)
            if piece is None:
                return
            skipped = min(len(piece), start - self._start)
            self._buffer += memoryview(piece)[skipped:]
            self._start += skipped

    def read(self, start: int, length: int) -> tuple[Bytes, bool]:
        # Hold back the end of the text until it is known whether it is a footer.
        while self._end is None and self._start + len(self._buffer) < start + length + TAIL_BYTES:
            piece = next(self._pieces, None)
            if piece is None:
                self._end = _footer_before(self._start + len(self._buffer), start, self, self._dialect)
            else:
                self._buffer += piece
        self._forget(start)
        end = start + length if self._end is None else min(start + length, self._end)
        return bytes(memoryview(self._buffer)[: max(end - start, 0)]), end == self._end

    def peek(self, start: int, end: int) -> bytes:
        return bytes(memoryview(self._buffer)[start - self._start : end - self._start])

    def release(self, _start: int, end: int) -> tuple[bytes | None, float]:
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
