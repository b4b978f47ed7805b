"""Space on the data volume: how much there is, and taking some for a file before its bytes are written.

Of many who write at once each would see the same room; so whoever is about to write takes what it needs, and looks and
takes alone. What was taken and not written is given back.
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

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of an OSError: the disk, the user or the process has no more
RESERVE = 256 << 20  # bytes of disk that no upload and no job may take: the database must go on
RESERVED_SHARE = 20  # of a small disk one part in so many
AHEAD = 64 << 20  # bytes taken at once where nobody knows how many will come
AHEAD_SHARE = 4  # and never more than one part in so many of what is left: others want some, too
EXPECTED_SHARE = 2  # the same where it is known
LOOK_EVERY = 1 << 20  # bytes between two looks where nothing can be taken ahead
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE of Linux: the file is no longer than what was written
_BLOCK = 512  # bytes, in which stat counts whatever the disk has
_SLACK = 1 << 16  # by which a file takes up more of a disk anyway
_CANNOT = (errno.EOPNOTSUPP, errno.ENOSYS)


def room(files: Files, kind: str = "incoming") -> int:
    """Return the bytes that may still be written to a folder of ours; negative where the reserve is in use."""
    usage = shutil.disk_usage(files.paths.folder_of(kind))
    return usage.free - min(RESERVE, usage.total // RESERVED_SHARE)


def free_bytes(files: Files) -> int:
    """Return the bytes of the data volume that are free, the reserve among them."""
    return shutil.disk_usage(files.data_dir).free


def size_of_disk(files: Files) -> int:
    """Return the bytes of the data volume, used and free."""
    return shutil.disk_usage(files.data_dir).total


def working_bytes(files: Files) -> dict[str, int]:
    """Return the bytes in the folders where files are few and come and go: incoming, scratch and staging."""
    return {kind: _bytes_below(files.paths.folder_of(kind)) for kind in ("incoming", "scratch", "staging")}


def _bytes_below(top: Path) -> int:
    found = 0
    for folder, _folders, names in os.walk(top):
        for name in names:
            try:
                found += Path(folder, name).stat().st_size
            except FileNotFoundError:
                pass  # it went meanwhile
    return found


class Space:
    """Room on the disk for one open file; use it in a ``with`` block, while the file is open for writing.

    Where the file system takes nothing ahead, the disk is looked at while the file grows.
    """

    def __init__(self, files: Files, file: int, written: int = 0) -> None:
        self._files = files
        self._file = file
        self._taken = self._looked = written  # so far into the file
        self._can_take = True

    def __enter__(self) -> Space:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        give_back(self._file)

    def cover(self, end: int, expected: int | None = None) -> None:
        """Take what the file needs to reach this place; ``expected`` is where it will end, if anybody knows.

        Both are bytes from its beginning. Raises OSError (ENOSPC): the disk has no more than its reserve.
        """
        if self._can_take and end > self._taken:
            self._take(end, expected)
        elif not self._can_take and end - self._looked >= LOOK_EVERY:
            self._look(end)

    def _take(self, end: int, expected: int | None) -> None:
        with _alone(self._files.paths.folder_of("incoming")):
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
    # Who says much and sends little must not have it all: jobs and others go on meanwhile.
    return min(expected, left // EXPECTED_SHARE)


def give_back(file: int) -> None:
    """Let others have what was taken for an open file and not written; also what a process took that is no more."""
    found = os.fstat(file)
    if not _is_ahead(found):
        return
    with suppress(OSError):
        os.ftruncate(file, found.st_size)
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))  # which says when its last byte came


def holds_more_than_it_has(path: Path) -> bool:
    """Whether a file takes up more of the disk than was written to it; False where there is none."""
    try:
        return _is_ahead(path.stat())
    except FileNotFoundError:
        return False


def _is_ahead(found: os.stat_result) -> bool:
    return found.st_blocks * _BLOCK > found.st_size + _SLACK


def _no_room() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else is in such a block meanwhile, in whatever process; without locks of files nothing is kept off."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _allocate(file: int, start: int, count: int) -> bool:
    """Have the disk keep so many bytes for a file; False: this one cannot. Raises OSError."""
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
    # Python's own posix_fallocate makes the file longer, and on some disks writes zeros instead.
    function = ctypes.CDLL(None, use_errno=True).fallocate
    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return cast("Callable[[int, int, int, int], int]", function)
