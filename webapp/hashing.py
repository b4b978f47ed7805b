"""A SHA-256 computed beside the writing: hashing and writing both let go of Python's lock, so they overlap."""

from __future__ import annotations

import hashlib
import threading
from queue import Queue
from types import TracebackType

PIECES_AHEAD = 8  # how far the writer may be ahead; bounds the memory of one upload


class HashingThread:
    """Takes pieces in order; the digest is there once all were taken. Use it in a ``with`` block."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._pieces: Queue[bytes | None] = Queue(PIECES_AHEAD)
        self._thread = threading.Thread(target=self._work, name="hashing", daemon=True)

    def __enter__(self) -> HashingThread:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()

    def update(self, piece: bytes) -> None:
        """Take the next piece; waits while PIECES_AHEAD others wait."""
        self._pieces.put(piece)

    def hexdigest(self) -> str:
        """The digest of all pieces; nothing can be added after it."""
        self._finish()
        return self._sha256.hexdigest()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._sha256.update(piece)

    def _finish(self) -> None:
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()
