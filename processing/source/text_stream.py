"""The text of a file as a stream of UTF-8, whatever its compression and encoding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from processing.dialect.dialect import Dialect
from processing.options import MIB, Options
from processing.source.decompression import Unpacked
from processing.source.encodings import FALLBACK, UTF_8, UTF_8_BOM, Transcoder

PIECE_BYTES = MIB  # read at a time, and of text at least between two entries
_ENTRIES_KEPT = 256  # more than any reader reads ahead


@dataclass(frozen=True, slots=True)
class Entry:
    """A point at which a file can be entered to continue with its text; all offsets are in bytes."""

    source: int  # in the file
    unpacked: int
    text: int
    transcoder: dict[str, Any] | None = None  # its state, JSON-serializable


class Bytes(Protocol):
    """A source of bytes, read in order."""

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes, none at the end."""

    @property
    def place(self) -> tuple[int, int] | None:
        """Offset in the file of the next byte, and unpacked bytes before it; None where it cannot be entered."""

    @property
    def fraction(self) -> float:
        """The fraction of the file that was read, 0 to 1."""


class _Plain:
    """The bytes of an uncompressed file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    @property
    def place(self) -> tuple[int, int]:
        return self._file.tell(), self._file.tell()

    @property
    def fraction(self) -> float:
        return min(self._file.tell() / max(self._size, 1), 1.0)


@contextmanager
def open_bytes(source: Path, compression: str | None, options: Options, entry: Entry | None = None) -> Iterator[Bytes]:
    """Open the unpacked bytes of a file, from an entry on."""
    place = (0, 0) if entry is None else (entry.source, entry.unpacked)
    if compression is None:
        with source.open("rb") as file:
            file.seek(place[0])
            yield _Plain(file, source.stat().st_size)
    else:
        with Unpacked(source, compression, options, place) as unpacked:
            yield unpacked


@contextmanager
def open_text(source: Path, dialect: Dialect, options: Options, entry: Entry | None = None) -> Iterator[Text]:
    """Open the text of a file of a known dialect, from an entry on; its offsets are those of the dialect."""
    with open_bytes(source, dialect.compression, options, entry) as file:
        yield Text(
            file, dialect.encoding, dialect.mark_bytes, rejects_utf_8=options.dialect.encoding is None, entry=entry
        )


class Text:
    """A stream of UTF-8 text."""

    def __init__(
        self, source: Bytes, encoding: str, mark_bytes: int, *, rejects_utf_8: bool, entry: Entry | None = None
    ) -> None:
        """``mark_bytes``: length of the byte order mark to skip; ``entry``: where the source begins."""
        self.offset = 0 if entry is None else entry.text  # of the next piece
        self._source = source
        self._entries: deque[Entry] = deque(maxlen=_ENTRIES_KEPT)
        self._transcoder: Transcoder | None = None
        if encoding not in (UTF_8, UTF_8_BOM):
            self._transcoder = Transcoder(encoding, rejects_utf_8=rejects_utf_8 and encoding == FALLBACK)
        if entry is None:
            while mark_bytes:
                mark_bytes -= len(source.read(mark_bytes))
        elif self._transcoder is not None and entry.transcoder is not None:
            self._transcoder.resume(entry.transcoder)

    @property
    def fraction(self) -> float:
        """The fraction of the file that was read, 0 to 1."""
        return self._source.fraction

    def pieces(self) -> Iterator[bytes]:
        """Yield pieces of about a MiB, none of them empty."""
        piece: Callable[[], bytes] = self._next_raw if self._transcoder is None else self._next_transcoded
        while True:
            self._note_entry()
            text = piece()
            if not text:
                return
            self.offset += len(text)
            yield text

    def entry_before(self, offset: int) -> Entry | None:
        """Return the last entry at or before an offset; None if the text can be entered only at its beginning.

        Earlier entries are forgotten.
        """
        while len(self._entries) > 1 and self._entries[1].text <= offset:
            self._entries.popleft()
        return self._entries[0] if self._entries and self._entries[0].text <= offset else None

    def _note_entry(self) -> None:
        place = self._source.place
        if place is None or (self._entries and self.offset < self._entries[-1].text + PIECE_BYTES):
            return
        state = None if self._transcoder is None else self._transcoder.to_state()
        self._entries.append(Entry(*place, self.offset, state))

    def _next_raw(self) -> bytes:
        return self._source.read(PIECE_BYTES)

    def _next_transcoded(self) -> bytes:
        assert self._transcoder is not None
        while True:
            packed = self._source.read(PIECE_BYTES)
            text = self._transcoder.to_utf_8(packed, at_end=not packed)
            if text or not packed:
                return text
