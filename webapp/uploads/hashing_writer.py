"""Write and hash a file in a thread while the body is read: all three release the GIL, so they overlap."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from queue import Queue
from types import TracebackType

from common.direct_io import DirectBuffer, DirectFile

PIECES_AHEAD = 8  # pieces that the reader may be ahead, which bounds the memory of an upload


class HashedFile:
    """A new file that is written in pieces and hashed; a context manager.

    A disk error is raised by the next call after it.
    """

    def __init__(self, path: Path) -> None:
        self._sha256 = hashlib.sha256()
        self._file = DirectFile(path, DirectBuffer())
        self._pieces: Queue[bytes | None] = Queue(PIECES_AHEAD)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="writing", daemon=True)

    def __enter__(self) -> HashedFile:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._join()
        self._file.close()

    def write(self, piece: bytes) -> None:
        """Queue the next piece, blocking while PIECES_AHEAD others are queued."""
        if self._error is not None:
            raise self._error
        self._pieces.put(piece)

    def finish(self) -> str:
        """Flush all pieces to the disk and return their sha256."""
        self._join()
        if self._error is not None:
            raise self._error
        self._file.finish()
        return self._sha256.hexdigest()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            if self._error is None:  # after an error, drain the queue so that the reader does not block
                try:
                    self._put(memoryview(piece))
                except Exception as error:  # the next call raises it
                    self._error = error

    def _put(self, piece: memoryview) -> None:
        self._sha256.update(piece)
        self._file.write(piece)

    def _join(self) -> None:
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()
