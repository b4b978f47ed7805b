"""The text of a file as a stream of UTF-8, whatever its compression and encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from processing.dialect import Dialect
from processing.encodings import FALLBACK, UTF_8, UTF_8_BOM, Transcoder
from processing.options import MIB, Options
from processing.unpacking import Unpacked


class Bytes(Protocol):
    """Bytes one after another."""

    def read(self, size: int) -> bytes:
        """At most so many; none at the end."""

    @property
    def fraction(self) -> float:
        """How much of the file was read, 0 to 1."""


class _Plain:
    """The bytes of a file that is not compressed."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    @property
    def fraction(self) -> float:
        return min(self._file.tell() / max(self._size, 1), 1.0)


@contextmanager
def open_bytes(source: Path, compression: str | None, options: Options) -> Iterator[Bytes]:
    """The bytes of a file, unpacked."""
    if compression is None:
        with source.open("rb") as file:
            yield _Plain(file, source.stat().st_size)
    else:
        with Unpacked(source, compression, options) as unpacked:
            yield unpacked


@contextmanager
def open_text(source: Path, dialect: Dialect, options: Options) -> Iterator[Text]:
    """The text of a file whose form is known; its offsets are those of the dialect."""
    with open_bytes(source, dialect.compression, options) as file:
        yield Text(file, dialect.encoding, dialect.mark_bytes, doubts=options.form.encoding is None)


class Text:
    """A stream of UTF-8."""

    def __init__(self, source: Bytes, encoding: str, mark_bytes: int, *, doubts: bool) -> None:
        """``mark_bytes``: how many bytes of a byte order mark do not count."""
        self._source = source
        self._piece: Callable[[], bytes] = self._as_it_is
        if encoding not in (UTF_8, UTF_8_BOM):
            self._transcoder = Transcoder(encoding, doubts=doubts and encoding == FALLBACK)
            self._piece = self._transcoded
        while mark_bytes:
            mark_bytes -= len(source.read(mark_bytes))

    @property
    def fraction(self) -> float:
        """How much of the file was read, 0 to 1."""
        return self._source.fraction

    def pieces(self) -> Iterator[bytes]:
        """Pieces of about a MiB, none of them empty."""
        yield from iter(self._piece, b"")

    def _as_it_is(self) -> bytes:
        return self._source.read(MIB)

    def _transcoded(self) -> bytes:
        while True:
            packed = self._source.read(MIB)
            text = self._transcoder.to_utf_8(packed, at_end=not packed)
            if text or not packed:
                return text
