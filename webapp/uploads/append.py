"""Append a piece to a file that arrives in several: straight to the disk, at most 64 KiB of it in memory.

A second thread reads and hashes what was written, so that little is left to hash after the last byte. Different
processes may receive the pieces of one file; each hashes for itself, from where it stopped the last time.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import IO

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from store.disk_space import Space
from store.files import Files
from webapp.errors.handlers import OverQuota
from webapp.uploads.multipart import Limits
from webapp.uploads.request_body import BROKEN

PIECE = 1 << 16  # bytes; a connection that breaks loses no more than this
HASHED_AT_ONCE = 1 << 20
HASHED_WITH_A_PIECE = 16 << 20  # at least
LONGEST_SILENCE = 60.0  # seconds without a byte after which a connection counts as dead
SILENCE = 1.0  # the same while another request waits for the file
BETWEEN_LOOKS = 0.05
DIGESTS_KEPT = 256


class RunningDigest:
    """The sha256 of the first ``offset`` bytes of a file; used only by the request that holds the file's lock."""

    def __init__(self) -> None:
        self.offset = 0
        self._sha256 = hashlib.sha256()

    def advance(self, file: int, end: int, keep_on: Callable[[], bool] = lambda: True) -> None:
        """Hash on to the offset ``end``, or until ``keep_on`` returns False.

        Raises:
            OSError: the file cannot be read, or is shorter than ``end``.
        """
        while self.offset < end and keep_on():
            piece = os.pread(file, min(HASHED_AT_ONCE, end - self.offset), self.offset)
            if not piece:
                raise OSError("the file is shorter than it was")
            self._sha256.update(piece)
            self.offset += len(piece)

    def catch_up(self, file: int, size: int, added: int) -> None:
        """Hash some of what is left, so that many small pieces do not leave everything to the end.

        It hashes more than the ``added`` bytes, since other processes receive pieces as well.
        """
        self.advance(file, min(size, self.offset + 4 * added + HASHED_WITH_A_PIECE))

    def hexdigest(self) -> str:
        """Return the digest of the bytes so far."""
        return self._sha256.hexdigest()


class Digests:
    """A cache of running digests, for the files that this process received most recently."""

    def __init__(self, most: int = DIGESTS_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, RunningDigest] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: str, size: int) -> RunningDigest:
        """Return the digest of a file of ``size`` bytes; it starts over if it had hashed more than that."""
        with self._lock:
            digest = self._kept.pop(name, None)
            if digest is None or digest.offset > size:
                digest = RunningDigest()
            self._kept[name] = digest
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return digest

    def forget(self, name: str) -> None:
        """Drop the digest of a file that is complete or gone."""
        with self._lock:
            self._kept.pop(name, None)


class Follower:
    """A thread that runs while a body is received: it hashes what was written, and closes a silent connection."""

    def __init__(
        self,
        file: int,
        size: int,
        digest: RunningDigest,
        *,
        hang_up: Callable[[], None],
        is_asked_for: Callable[[], bool],
    ) -> None:
        self._file = file
        self._digest = digest
        self._hang_up = hang_up
        self._is_asked_for = is_asked_for
        self._final = size  # the end of the bytes that will not be truncated again
        self._heard = self._looked = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="following", daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def wrote(self, final: int | None) -> None:
        """Note that a piece was written; ``final`` is its end, or None if the body may still be truncated again."""
        self._heard = time.monotonic()
        if final is not None:
            self._final = final

    def _work(self) -> None:
        while not self._stop.wait(BETWEEN_LOOKS):
            until = time.monotonic() + SILENCE / 2
            try:
                self._digest.advance(self._file, self._final, partial(self._has_time, until))
            except OSError:
                pass  # the request that needs the digest will raise it
            if self._is_dead():
                self._hang_up()

    def _has_time(self, until: float) -> bool:
        return not self._stop.is_set() and time.monotonic() < until

    def _is_dead(self) -> bool:
        present = time.monotonic()
        if present - self._heard > LONGEST_SILENCE:
            return True
        if present - self._heard < SILENCE or present - self._looked < SILENCE / 2:
            return False
        self._looked = present
        return self._is_asked_for()


def append(
    file: int,
    offset: int,
    body: IO[bytes],
    announced: int | None,
    *,
    files: Files,
    limits: Limits,
    wrote: Callable[[bytes, int], None],
) -> int:
    """Write a body after the first ``offset`` bytes of a file, and return the new size. After an error, the bytes stay.

    ``announced`` is the body's Content-Length, ``limits`` apply to the whole file. ``wrote`` is called with each piece
    and the offset of its end.

    Raises:
        BadRequest: the client disconnected before the end of the body.
        RequestEntityTooLarge: the file would exceed its limit.
        OverQuota: the account would exceed its quota.
        OSError: the disk refuses the next bytes.
    """
    end, expected = offset, None if announced is None else offset + announced
    with Space(files, file, offset) as space:
        for piece in iter(lambda: body.read(PIECE), b""):
            if limits.file is not None and end + len(piece) > limits.file:
                raise RequestEntityTooLarge
            if limits.account is not None and end + len(piece) > limits.account:
                raise OverQuota
            space.cover(end + len(piece), expected)
            end = _written(file, memoryview(piece), end)
            wrote(piece, end)
    if announced is not None and end - offset < announced:  # servers take a closed connection for the body's end
        raise BadRequest(BROKEN)
    return end


def _written(file: int, piece: memoryview, place: int) -> int:
    """Write a piece, in several calls if need be, and return the offset of its end."""
    while piece:
        count = os.pwrite(file, piece, place)
        place, piece = place + count, piece[count:]
    return place
