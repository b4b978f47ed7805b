"""Where to cut a file into blocks: always at a record's end, never inside quotes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from processing.errors import RefusedError
from processing.kernel import last_record_end
from processing.tokenizer import MAX_QUOTED_RUN, Text, Tokenizer

# A record longer than this is refused: it is no row of plays.
MAX_RECORD = 64 << 20

_QUOTE, _LF, _CR = 34, 10, 13


@dataclass(frozen=True, slots=True)
class Span:
    """A range of whole records: the unit of work of reading."""

    index: int  # 0 upwards, in file order
    start: int  # byte offsets in the file
    end: int
    quoted: bool  # holds quotes
    exact: bool  # holds quotes that only the tokenizer can judge


@dataclass(frozen=True, slots=True)
class _Cut:
    end: int
    quoted: bool
    exact: bool


def spans(source: Path, first: int, block_bytes: int, delimiter: str, *, use_kernel: bool = False) -> Iterator[Span]:
    """Cut the file from byte ``first`` on into spans of about ``block_bytes``; raises RefusedError.

    With the kernel spans that hold quotes are not looked at closely, and count as exact.
    """
    cut_quoted = _cut_by_kernel if use_kernel else _cut_by_quotes
    size = source.stat().st_size
    descriptor = os.open(source, os.O_RDONLY)
    window = _Window(descriptor, block_bytes)
    try:
        index, start = 0, first
        while start < size:
            cut = _cut_at(window, start, size, block_bytes, delimiter, cut_quoted)
            yield Span(index, start, start + cut.end, cut.quoted, cut.exact)
            index, start = index + 1, start + cut.end
    finally:
        os.close(descriptor)


_CutQuoted = Callable[[Text, bool, str], _Cut]


class _Window:
    """Part of a file in memory that is used again and again: fresh memory would cost more than the reading."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray(size)

    def read(self, start: int, length: int) -> Text:
        """The bytes from ``start`` on, fewer at the end of the file; good until the next call."""
        room = self._buffer if length == len(self._buffer) else bytearray(length)
        # pread, not mmap: mapped input would count as memory of the job.
        got = os.preadv(self._descriptor, [room], start)
        return room if got == length else room[:got]


def _cut_at(
    window: _Window,
    start: int,
    size: int,
    block_bytes: int,
    delimiter: str,
    cut_quoted: Callable[[Text, bool, str], _Cut],
) -> _Cut:
    length = block_bytes
    while True:
        data = window.read(start, length)
        at_end = start + len(data) >= size
        if data.find(b'"') >= 0:
            found = cut_quoted(data, at_end, delimiter)
        else:
            found = _Cut(len(data) if at_end else _last_line_end(data, len(data)), quoted=False, exact=False)
        if found.end:
            return found
        if length > MAX_RECORD:
            raise RefusedError(
                "line_too_long",
                f"Somewhere after byte {start:,} a line is longer than {MAX_RECORD >> 20} MB. "
                "That is no row of plays. Is the file damaged?",
            )
        length *= 2


def _cut_by_kernel(data: Text, at_end: bool, delimiter: str) -> _Cut:
    end = len(data) if at_end else last_record_end(data, delimiter)
    quoted = data.find(b'"', 0, end) >= 0
    return _Cut(end, quoted, exact=quoted)


def _cut_by_quotes(data: Text, at_end: bool, delimiter: str) -> _Cut:
    """The last record end in the bytes (0: none yet), and what the records before it need."""
    quotes = _quotes(data)
    end = len(data) if at_end else _last_even_line_end(data, quotes)
    within = quotes[: np.searchsorted(quotes, end)]
    if (at_end or len(data) - end <= MAX_QUOTED_RUN) and _is_well_quoted(data, within, end, delimiter):
        return _Cut(end, quoted=len(within) > 0, exact=False)
    end = 0
    for record in Tokenizer(delimiter).records(data, at_end=at_end):
        end = record.end
    return _Cut(len(data) if at_end else end, quoted=True, exact=True)


def is_well_quoted(data: Text, delimiter: str) -> bool:
    """Whether the quotes in whole records tell inside from outside by their number alone."""
    return _is_well_quoted(data, _quotes(data), len(data), delimiter)


def _quotes(data: Text) -> npt.NDArray[np.intp]:
    """Where the quotes stand: looked for one by one where they are rare, else in all bytes at once."""
    count = data.count(b'"')
    if count > len(data) >> 12:
        return np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)
    places = np.empty(count, np.intp)
    place = -1
    for number in range(count):
        place = places[number] = data.find(b'"', place + 1)
    return places


def _last_line_end(data: Text, before: int) -> int:
    """The offset after the last LF, or CR where there is no LF; 0 where there is neither."""
    end = data.rfind(b"\n", 0, before) + 1
    if end:
        return end
    # A CR at the very end may be half a CRLF.
    return data.rfind(b"\r", 0, min(before, len(data) - 1)) + 1


def _last_even_line_end(data: Text, quotes: npt.NDArray[np.intp]) -> int:
    """The offset after the last line end that has an even number of quotes before it."""
    before = len(data)
    while end := _last_line_end(data, before):
        earlier = int(np.searchsorted(quotes, end))
        if earlier % 2 == 0:
            return end
        before = int(quotes[earlier - 1])
    return 0


def _is_well_quoted(data: Text, quotes: npt.NDArray[np.intp], end: int, delimiter: str) -> bool:
    """Whether each quote opens a field, closes one or is doubled, so that counting them tells inside from outside."""
    if len(quotes) % 2:
        return False
    text = np.frombuffer(data, np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) and int((closing - opening).max()) > MAX_QUOTED_RUN:
        return False
    borders = np.zeros(256, bool)
    borders[[_QUOTE, _LF, _CR, ord(delimiter)]] = True
    before = opening[opening > 0] - 1
    after = closing[closing < end - 1] + 1
    return bool(borders[text[before]].all() and borders[text[after]].all())
