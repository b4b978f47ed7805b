"""Decompression of a file as a stream: nothing on the disk, little in memory, never more than allowed."""

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
from processing.file_types import only_member, refusing_damage
from processing.options import MIB, Options

FREE_BYTES = 256 * MIB  # unpacked, before the ratio applies: small files of similar rows compress extremely well
_PACKED_AT_ONCE = 256 << 10
_XZ_MEMORY = 128 * MIB  # xz -9 needs 65 MiB


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def unused_data(self) -> bytes:
        """The bytes after its end."""

    @property
    def needs_input(self) -> bool:
        """Whether further input is needed before more bytes come out."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return some of the unpacked bytes, at most ``max_length``."""


class _ConcatenatedStreams:
    """Compressed streams concatenated in one file."""

    def __init__(self, file: IO[bytes], new: Callable[[], _Decompressor]) -> None:
        self._file = file
        self._new = new
        self._decompressor = new()
        self._is_fresh = True  # nothing of the current stream was read
        self._buffered = b""

    @property
    def start(self) -> int | None:
        """The offset in the file of the stream that is read next; None in the middle of one."""
        if self._decompressor.eof:
            self._begin_next()
        return self._file.tell() - len(self._buffered) if self._is_fresh else None

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, none at the end; raise EOFError if the last stream is truncated."""
        while True:
            if self._decompressor.eof and not self._begin_next():
                return b""
            if self._decompressor.needs_input and not self._buffered:
                self._buffered = self._file.read(_PACKED_AT_ONCE)
                if not self._buffered:
                    raise EOFError
            packed, self._buffered, self._is_fresh = self._buffered, b"", False
            found = self._decompressor.decompress(packed, size)
            if found:
                return found

    def _begin_next(self) -> bool:
        """Begin the next stream and return whether there is one; ignore zero padding after the last one."""
        self._buffered = self._decompressor.unused_data.lstrip(b"\0")
        while not self._buffered:
            packed = self._file.read(_PACKED_AT_ONCE)
            if not packed:
                return False
            self._buffered = packed.lstrip(b"\0")
        self._decompressor, self._is_fresh = self._new(), True
        return True


class _Gzip:
    """One member of a gzip file, with the interface of the other decompressors; its checksum is verified."""

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
    """The unpacked bytes of a file, as a context manager.

    Raises:
        RefusedError: the file is damaged, or unpacks to more than the options allow.
    """

    def __init__(self, source: Path, compression: str, options: Options, place: tuple[int, int] = (0, 0)) -> None:
        """``place``: where to begin, as given by the property of another instance."""
        self._compression = compression
        self._size = source.stat().st_size
        self._max_bytes = options.max_unpacked_bytes
        self._max_ratio = options.max_unpacked_ratio
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
        """Close the file."""
        self._file.close()

    @property
    def fraction(self) -> float:
        """The fraction of the packed file that was read, 0 to 1."""
        return min(self._file.tell() / max(self._size, 1), 1.0)

    @property
    def place(self) -> tuple[int, int] | None:
        """Offset of the stream that begins with the next byte, and unpacked bytes before it; None in mid-stream."""
        start = self._stream.start if isinstance(self._stream, _ConcatenatedStreams) else None
        return None if start is None else (start, self._unpacked)

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes, none at the end."""
        with refusing_damage(self._compression):
            found = self._stream.read(size)
        self._unpacked += len(found)
        self._refuse_bomb()
        return found

    def _refuse_bomb(self) -> None:
        too_dense = self._unpacked > FREE_BYTES and self._unpacked > self._max_ratio * self._size
        if too_dense or self._unpacked > self._max_bytes:
            raise RefusedError("unpacks_too_large", packed=self._size, unpacked=self._unpacked)

    def _open(self, source: Path) -> _Readable:
        match self._compression:
            case "gzip":
                return _ConcatenatedStreams(self._file, _Gzip)
            case "bzip2":
                return _ConcatenatedStreams(self._file, bz2.BZ2Decompressor)
            case "xz":
                return _ConcatenatedStreams(self._file, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY))
            case "zstd":
                return _zstd(self._file)
            case _:
                return _zip(source, self._file)


def _zstd(file: IO[bytes]) -> _Readable:
    stream: _Readable = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return stream


def _zip(source: Path, file: IO[bytes]) -> _Readable:
    member = only_member(source)
    with refusing_damage("zip"):
        return zipfile.ZipFile(file).open(member)
