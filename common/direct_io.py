"""Direct I/O: files written past the page cache, or as usual if the file system does not support that.

Parts are not read again here, and filling the cache with them would cost as much as adding up.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from pathlib import Path

BUFFER_BYTES = 4 << 20
_ALIGNED = 4096  # bytes: an alignment that all common block devices accept


class DirectBuffer:
    """A page-aligned buffer, as direct I/O requires, for one open file at a time."""

    def __init__(self) -> None:
        self.room = memoryview(mmap.mmap(-1, BUFFER_BYTES))


class DirectFile:
    """A new file that is written sequentially; its methods raise OSError like those of any file."""

    def __init__(self, path: Path, buffer: DirectBuffer) -> None:
        self.path = path
        self._room = buffer.room
        self._filled = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o666)
        self._set_direct(True)

    def write(self, data: memoryview) -> None:
        """Append bytes."""
        data = data.cast("B")  # whatever item format Arrow uses
        while data:
            some = data[: len(self._room) - self._filled]
            self._room[self._filled : self._filled + len(some)] = some
            self._filled += len(some)
            data = data[len(some) :]
            if self._filled == len(self._room):
                self._put(self._room)
                self._filled = 0

    def finish(self) -> None:
        """Write what is buffered, fsync and close the file."""
        whole = self._filled // _ALIGNED * _ALIGNED
        self._put(self._room[:whole])
        self._set_direct(False)
        self._put(self._room[whole : self._filled])
        os.fsync(self._file)
        self.close()

    def close(self) -> None:
        """Close the file without writing what is buffered."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _put(self, data: memoryview) -> None:
        while data:
            try:
                written = os.write(self._file, data)
            except OSError as error:
                # Some file systems accept O_DIRECT and then refuse to write.
                if error.errno != errno.EINVAL or not self._set_direct(False):
                    raise
                continue
            if written % _ALIGNED and written < len(data):
                self._set_direct(False)  # a short write on a nearly full disk: the rest is no longer aligned
            data = data[written:]

    def _set_direct(self, wanted: bool) -> bool:
        """Turn direct I/O on or off; return whether that changed anything."""
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        new = flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT
        if new == flags:
            return False
        try:
            fcntl.fcntl(self._file, fcntl.F_SETFL, new)
        except OSError:
            return False  # such as tmpfs on older kernels
        return True
