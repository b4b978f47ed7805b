"""Record boundaries: text is cut into blocks only at the end of a record, never inside quotes."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from processing.dialect.syntax import Syntax
from processing.dialect.tokenizer import MAX_QUOTED_RUN, Text, Tokenizer
from processing.errors import RefusedError
from processing.reading.kernel import last_record_end

# A record longer than this is refused: it is no row of plays.
MAX_RECORD = 64 << 20

_LF, _CR = 10, 13


class Window(Protocol):
    """Text that is read forwards, a range at a time."""

    def read(self, start: int, length: int) -> tuple[Text, bool]:
        """Return the bytes from ``start`` on, fewer at the end, and whether they reach the end of the text.

        They are valid until the next call.
        """


class Cut:
    """The end of some whole records, and what it takes to read them."""

    __slots__ = ("end", "needs_tokenizer", "quoted")

    def __init__(self, end: int, *, quoted: bool, needs_tokenizer: bool) -> None:
        self.end = end  # bytes from the beginning
        self.quoted = quoted  # they contain quotes
        self.needs_tokenizer = needs_tokenizer  # only the tokenizer can judge them


class Cutter:
    """Cuts text of one syntax into pieces of about ``block_bytes``."""

    def __init__(self, syntax: Syntax, block_bytes: int, *, use_kernel: bool) -> None:
        self.block_bytes = block_bytes
        self._syntax = syntax
        self._use_kernel = use_kernel

    def cut(self, window: Window, start: int, least: int = 0) -> Cut | None:
        """Return the first piece from ``start`` on, of about ``least`` bytes if that is more; None at the end.

        Raises:
            RefusedError: a record does not end within MAX_RECORD bytes.
        """
        length = max(self.block_bytes, least)
        while True:
            data, at_end = window.read(start, length)
            if not data:
                return None
            found = self._cut(data, at_end=at_end)
            if found.end:
                return found
            if length > MAX_RECORD:
                raise RefusedError("line_too_long", start=start, megabytes=MAX_RECORD >> 20)
            length *= 2

    def _cut(self, data: Text, *, at_end: bool) -> Cut:
        quote = self._syntax.quotechar.encode()
        if self._syntax.escapechar and data.find(b"\\") >= 0:
            return self._by_tokenizer(data, at_end=at_end)
        if not quote or data.find(quote) < 0:
            return Cut(len(data) if at_end else _last_line_end(data, len(data)), quoted=False, needs_tokenizer=False)
        if self._use_kernel:
            end = len(data) if at_end else last_record_end(data, self._syntax)
            quoted = data.find(quote, 0, end) >= 0
            return Cut(end, quoted=quoted, needs_tokenizer=quoted)
        return self._by_quotes(data, at_end=at_end)

    def _by_quotes(self, data: Text, *, at_end: bool) -> Cut:
        """Return the last record end in the bytes, found by counting quotes if possible; 0 if there is none yet."""
        quotes = _quotes(data, self._syntax)
        end = len(data) if at_end else _last_even_line_end(data, quotes)
        within = quotes[: np.searchsorted(quotes, end)]
        if (at_end or len(data) - end <= MAX_QUOTED_RUN) and _is_well_quoted(data, within, end, self._syntax):
            return Cut(end, quoted=len(within) > 0, needs_tokenizer=False)
        return self._by_tokenizer(data, at_end=at_end)

    def _by_tokenizer(self, data: Text, *, at_end: bool) -> Cut:
        end = 0
        for record in Tokenizer(self._syntax).records(data, at_end=at_end):
            end = record.end
        return Cut(len(data) if at_end else end, quoted=True, needs_tokenizer=True)


def is_well_quoted(data: Text, syntax: Syntax) -> bool:
    """Return whether the number of quotes alone tells inside from outside in a text of whole records."""
    return not syntax.quotechar or _is_well_quoted(data, _quotes(data, syntax), len(data), syntax)


def _quotes(data: Text, syntax: Syntax) -> npt.NDArray[np.intp]:
    """Return the offsets of the quotes, searched one by one if they are rare, otherwise in all bytes at once."""
    quote = syntax.quotechar.encode()
    count = data.count(quote)
    if count > len(data) >> 12:
        return np.flatnonzero(np.frombuffer(data, np.uint8) == quote[0])
    places = np.empty(count, np.intp)
    place = -1
    for number in range(count):
        place = places[number] = data.find(quote, place + 1)
    return places


def _last_line_end(data: Text, before: int) -> int:
    """Return the offset after the last LF, or CR if there is no LF; 0 if there is neither."""
    end = data.rfind(b"\n", 0, before) + 1
    if end:
        return end
    # A CR at the very end may be half of a CRLF.
    return data.rfind(b"\r", 0, min(before, len(data) - 1)) + 1


def _last_even_line_end(data: Text, quotes: npt.NDArray[np.intp]) -> int:
    """Return the offset after the last line end with an even number of quotes before it; 0 if there is none."""
    before = len(data)
    while end := _last_line_end(data, before):
        earlier = int(np.searchsorted(quotes, end))
        if earlier % 2 == 0:
            return end
        before = int(quotes[earlier - 1])
    return 0


def _is_well_quoted(data: Text, quotes: npt.NDArray[np.intp], end: int, syntax: Syntax) -> bool:
    """Return whether each quote opens or closes a field or is doubled, so that counting tells inside from outside."""
    if len(quotes) % 2:
        return False
    text = np.frombuffer(data, np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) and int((closing - opening).max()) > MAX_QUOTED_RUN:
        return False
    borders = np.zeros(256, bool)
    borders[[ord(syntax.quotechar), _LF, _CR, ord(syntax.delimiter)]] = True
    before = opening[opening > 0] - 1
    after = closing[closing < end - 1] + 1
    return bool(borders[text[before]].all() and borders[text[after]].all())
