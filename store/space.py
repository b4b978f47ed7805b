"""Space on the data volume, taken for a file before its bytes are written.

Of many who write at once each would see the same room; so whoever is about to write takes what it needs, and looks and
takes alone. What was taken and not written is given back.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from store.files import Files

AHEAD = 64 << 20  # bytes taken at once where nobody knows how many will come
AHEAD_SHARE = 4  # and never more than one part in so many of what is left: others want some, too
LOOK_EVERY = 1 << 20  # bytes between two looks where nothing can be taken ahead
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE of Linux: the file is no longer than what was written
_CANNOT = (errno.EOPNOTSUPP, errno.ENOSYS)


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
        with suppress(OSError):
            os.ftruncate(self._file, os.fstat(self._file).st_size)

    def cover(self, end: int, expected: int | None = None) -> None:
        """Take what the file needs to reach this place; ``expected`` is where it will end, if anybody knows.

        Both are bytes from its beginning. Raises OSError (ENOSPC): the disk has no more than its reserve.
        """
        if self._can_take and end > self._taken:
            self._take(end, expected)
        elif not self._can_take and end - self._looked >= LOOK_EVERY:
            self._look(end)

    def _take(self, end: int, expected: int | None) -> None:
        with _alone(self._files.incoming_folder):
            room = self._files.room()
            ahead = min(AHEAD, room // AHEAD_SHARE) if expected is None else expected - self._taken
            bytes_wanted = max(end - self._taken, ahead)
            if bytes_wanted > room:
                raise _no_room()
            self._can_take = _allocate(self._file, self._taken, bytes_wanted)
        self._taken += bytes_wanted

    def _look(self, end: int) -> None:
        self._looked = end
        if self._files.room() < 0:
            raise _no_room()


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
    # Python's own posix_fallocate makes the file longer, and on some disks writes zeros instead.
    fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    while fallocate(file, _KEEP_SIZE, start, count) != 0:
        number = ctypes.get_errno()
        if number in _CANNOT:
            return False
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
    return True
