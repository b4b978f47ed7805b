"""Space on the data volume: how much is left, and reserving some for a file before its bytes are written.

Concurrent writers would all count on the same free space, so each reserves what it needs under a lock before it writes.
Reserved space that stays unwritten is given back.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import cast

from store.files import Files

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # errno: disk full, disk quota or file size limit reached
RESERVE = 256 << 20  # bytes that no upload and no job may use: the database needs them
RESERVED_SHARE = 20  # on a small disk, 1/20 of it
AHEAD = 64 << 20  # bytes reserved at once when the size is unknown
AHEAD_SHARE = 4  # but at most 1/4 of what is left: others need some, too
EXPECTED_SHARE = 2  # the same when the size is known: 1/2
LOOK_EVERY = 1 << 20  # bytes between two checks where the file system cannot reserve
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE of Linux: the size of the file stays
_BLOCK = 512  # bytes: the unit of st_blocks, whatever the disk's own
_SLACK = 1 << 16  # bytes that a file may occupy beyond its size anyway
_CANNOT = (errno.EOPNOTSUPP, errno.ENOSYS)


def room(files: Files, kind: str = "incoming") -> int:
    """Return the bytes that may still be written to the folder of a kind; negative if the reserve is in use."""
    usage = shutil.disk_usage(files.paths.folder_of(kind))
    return usage.free - min(RESERVE, usage.total // RESERVED_SHARE)


def free_bytes(files: Files) -> int:
    """Return the free bytes of the data volume, including the reserve."""
    return shutil.disk_usage(files.data_dir).free


def size_of_disk(files: Files) -> int:
    """Return the size of the data volume in bytes."""
    return shutil.disk_usage(files.data_dir).total


def working_bytes(files: Files) -> dict[str, int]:
    """Return the bytes in each folder of temporary files: incoming, scratch and staging."""
    return {kind: _bytes_below(files.paths.folder_of(kind)) for kind in ("incoming", "scratch", "staging")}


def _bytes_below(top: Path) -> int:
    found = 0
    for folder, _folders, names in os.walk(top):
        for name in names:
            try:
                found += Path(folder, name).stat().st_size
            except FileNotFoundError:
                pass  # removed meanwhile
    return found


class Space:
    """Space reserved for one open file; use it in a ``with`` block while the file is open for writing.

    If the file system cannot reserve space, the free space is checked while the file grows.
    """

    def __init__(self, files: Files, file: int, written: int = 0) -> None:
        self._files = files
        self._file = file
        self._taken = self._looked = written  # offsets in the file
        self._can_take = True

    def __enter__(self) -> Space:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        give_back(self._file)

    def cover(self, end: int, expected: int | None = None) -> None:
        """Reserve space up to offset ``end``; ``expected`` is the final size of the file, if known.

        Both are in bytes. Raises OSError (ENOSPC) if only the reserve is left.
        """
        if self._can_take and end > self._taken:
            self._take(end, expected)
        elif not self._can_take and end - self._looked >= LOOK_EVERY:
            self._look(end)

    def _take(self, end: int, expected: int | None) -> None:
        with _exclusive(self._files.paths.folder_of("incoming")):
            left = room(self._files)
            if max(end, expected or 0) - self._taken > left:
                raise _no_room()
            bytes_wanted = max(end - self._taken, _ahead(left, None if expected is None else expected - self._taken))
            self._can_take = _allocate(self._file, self._taken, bytes_wanted)
        self._taken += bytes_wanted

    def _look(self, end: int) -> None:
        self._looked = end
        if room(self._files) < 0:
            raise _no_room()


def _ahead(left: int, expected: int | None) -> int:
    if expected is None:
        return min(AHEAD, left // AHEAD_SHARE)
    # A client that announces much and sends little must not get it all: others need space meanwhile.
    return min(expected, left // EXPECTED_SHARE)


def give_back(file: int) -> None:
    """Free the space that was reserved for an open file and not written, by this process or by one that has died."""
    found = os.fstat(file)
    if not _is_ahead(found):
        return
    with suppress(OSError):
        os.ftruncate(file, found.st_size)
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))  # the time of its last byte, which expiry needs


def holds_more_than_it_has(path: Path) -> bool:
    """Tell whether a file occupies more of the disk than its size; False if it does not exist."""
    try:
        return _is_ahead(path.stat())
    except FileNotFoundError:
        return False


def _is_ahead(found: os.stat_result) -> bool:
    return found.st_blocks * _BLOCK > found.st_size + _SLACK


def _no_room() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Keep all other processes out of the block; without effect on file systems without locks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _allocate(file: int, start: int, count: int) -> bool:
    """Reserve ``count`` bytes on the disk; return False if the file system cannot. Raises OSError."""
    if sys.platform != "linux":
        return False
    while _fallocate()(file, _KEEP_SIZE, start, count) != 0:
        number = ctypes.get_errno()
        if number in _CANNOT:
            return False
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
    return True


@cache
def _fallocate() -> Callable[[int, int, int, int], int]:
    # Python's own posix_fallocate extends the file, and on some file systems writes zeros.
    function = ctypes.CDLL(None, use_errno=True).fallocate
    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return cast("Callable[[int, int, int, int], int]", function)
