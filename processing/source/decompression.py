"""The bytes of a compressed file as a stream: never on the disk, never many in memory, never more than allowed."""

from __future__ import annotations

import bz2
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
from isal import isal_zlib

from processing.errors import RefusedError
from processing.file_types import damage_in_words, only_member
from processing.options import MIB, Options

FREE_BYTES = 256 * MIB  # unpacked, before the ratio counts: small files of equal rows are packed very well
_PACKED_AT_ONCE = 256 << 10
_XZ_MEMORY = 128 * MIB  # xz -9 needs 65


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool:
        """Whether the stream is at its end."""

    @property
    def unused_data(self) -> bytes:
        """What follows the end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without further bytes."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Some of the unpacked bytes."""


class _Streams:
    """Compressed streams one behind another."""

    def __init__(self, file: IO[bytes], new: Callable[[], _Decompressor]) -> None:
        self._file = file
        self._new = new
        self._one = new()
        self._is_fresh = True  # nothing of the present stream was read
        self._ahead = b""

    @property
    def start(self) -> int | None:
        """Where in the file the stream begins that is read next; None in the middle of one."""
        if self._one.eof:
            self._begin_next()
        return self._file.tell() - len(self._ahead) if self._is_fresh else None

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end. Raises EOFError where the last stream is cut off."""
        while True:
            if self._one.eof and not self._begin_next():
                return b""
            if self._one.needs_input and not self._ahead:
                self._ahead = self._file.read(_PACKED_AT_ONCE)
                if not self._ahead:
                    raise EOFError
            packed, self._ahead, self._is_fresh = self._ahead, b"", False
            found = self._one.decompress(packed, size)
            if found:
                return found

    def _begin_next(self) -> bool:
        """Whether there is another stream; what fills up the file behind the last one does not count."""
        self._ahead = self._one.unused_data.lstrip(b"\0")
        while not self._ahead:
            packed = self._file.read(_PACKED_AT_ONCE)
            if not packed:
                return False
            self._ahead = packed.lstrip(b"\0")
        self._one, self._is_fresh = self._new(), True
        return True


class _Gzip:
    """One member of a gzip file, in the manner of the other decompressors; its checksum is looked at."""

    def __init__(self) -> None:
        self._member = isal_zlib.decompressobj(wbits=16 + isal_zlib.MAX_WBITS)  # twice as fast as zlib's

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._member.eof and not self._member.unconsumed_tail

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._member.decompress(self._member.unconsumed_tail + data, max_length)


class Unpacked:
    """The unpacked bytes of a file. Use it in a ``with`` block.

    Raises:
        RefusedError: the file is damaged, or unpacks to more than the options allow.
    """

    def __init__(self, source: Path, compression: str, options: Options, place: tuple[int, int] = (0, 0)) -> None:
        """``place``: that of another one, for the bytes from there on."""
        self._compression = compression
        self._size = source.stat().st_size
        self._most = options.max_unpacked_bytes
        self._ratio = options.max_unpacked_ratio
        start, self._unpacked = place
        self._file = source.open("rb")
        self._file.seek(start)
        try:
            self._stream = self._open(source)
        except RefusedError:
            self._file.close()
            raise

    def __enter__(self) -> Unpacked:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    @property
    def fraction(self) -> float:
        """How much of the packed file was read, 0 to 1."""
        return min(self._file.tell() / max(self._size, 1), 1.0)

    @property
    def place(self) -> tuple[int, int] | None:
        """Where a compressed stream begins with the next byte, and how many come before it; None elsewhere."""
        start = self._stream.start if isinstance(self._stream, _Streams) else None
        return None if start is None else (start, self._unpacked)

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""
        with damage_in_words(self._compression):
            found = self._stream.read(size)
        self._unpacked += len(found)
        self._refuse_bomb()
        return found

    def _refuse_bomb(self) -> None:
        too_dense = self._unpacked > FREE_BYTES and self._unpacked > self._ratio * self._size
        if too_dense or self._unpacked > self._most:
            raise RefusedError(
                "unpacks_too_large",
                f"The compressed file has {self._size:,} bytes, but unpacks to more than {self._unpacked:,}, "
                "which is more than this site unpacks. Send it unpacked.",
            )

    def _open(self, source: Path) -> _Readable:
        match self._compression:
            case "gzip":
                return _Streams(self._file, _Gzip)
            case "bzip2":
                return _Streams(self._file, bz2.BZ2Decompressor)
            case "xz":
                return _Streams(self._file, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY))
            case "zstd":
                return _zstd(self._file)
            case _:
                return _zip(source, self._file)


def _zstd(file: IO[bytes]) -> _Readable:
    stream: _Readable = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return stream


def _zip(source: Path, file: IO[bytes]) -> _Readable:
    member = only_member(source)
    with damage_in_words("zip"):
        return zipfile.ZipFile(file).open(member)
