"""Adding a piece to a file that arrives in several: straight to the disk, at most 64 KiB of it in memory.

A second thread reads what was written and hashes it, so that little is left to do when the last byte has come: the
pieces of one file may be taken by different processes, and each hashes for itself, from where it came the last time.
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

PIECE = 1 << 16  # of a connection that breaks, no more than this is lost
HASHED_AT_ONCE = 1 << 20
HASHED_WITH_A_PIECE = 16 << 20  # at least
LONGEST_SILENCE = 60.0  # seconds after which a connection is taken for dead
SILENCE = 1.0  # the same where somebody else waits for the file
BETWEEN_LOOKS = 0.05
DIGESTS_KEPT = 256


class RunningDigest:
    """The sha256 of a file as far as this process has come. One request at a time uses it: the one at the file."""

    def __init__(self) -> None:
        self.offset = 0
        self._sha256 = hashlib.sha256()

    def advance(self, file: int, end: int, keep_on: Callable[[], bool] = lambda: True) -> None:
        """Go on to this place of the file, or as far as ``keep_on`` lets it."""
        while self.offset < end and keep_on():
            piece = os.pread(file, min(HASHED_AT_ONCE, end - self.offset), self.offset)
            if not piece:
                raise OSError("the file is shorter than it was")
            self._sha256.update(piece)
            self.offset += len(piece)

    def catch_up(self, file: int, size: int, added: int) -> None:
        """Hash some of what is left, so that over many small pieces, too, nothing piles up for the end.

        Others take pieces as well, so it is more than what was added.
        """
        self.advance(file, min(size, self.offset + 4 * added + HASHED_WITH_A_PIECE))

    def hexdigest(self) -> str:
        """Of all bytes so far."""
        return self._sha256.hexdigest()


class Digests:
    """Running digests of the files that this process saw last."""

    def __init__(self, most: int = DIGESTS_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, RunningDigest] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: str, size: int) -> RunningDigest:
        """That of a file of which so many bytes are there; it begins anew where it had come further."""
        with self._lock:
            digest = self._kept.pop(name, None)
            if digest is None or digest.offset > size:
                digest = RunningDigest()
            self._kept[name] = digest
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return digest

    def forget(self, name: str) -> None:
        """The file has arrived or is gone."""
        with self._lock:
            self._kept.pop(name, None)


class Follower:
    """A thread beside a body: it hashes what was written, and ends a connection from which nothing comes any more."""

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
        self._final = size  # up to where the bytes will not be taken back
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
        """A piece was written; None where all behind the beginning may still be taken back."""
        self._heard = time.monotonic()
        if final is not None:
            self._final = final

    def _work(self) -> None:
        while not self._stop.wait(BETWEEN_LOOKS):
            until = time.monotonic() + SILENCE / 2
            try:
                self._digest.advance(self._file, self._final, partial(self._has_time, until))
            except OSError:
                pass  # whoever needs the digest will come upon it, too
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
    """Write a body behind the first ``offset`` bytes of a file; gives the new size. What was written stays.

    ``announced`` is what the body says of its own length, ``limits`` are of the whole file. ``wrote`` gets each piece
    that was written, and where it ends.

    Raises:
        BadRequest: the client went away in the middle.
        RequestEntityTooLarge, OverQuota: the next bytes may not be kept; OSError: they cannot.
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
    if announced is not None and end - offset < announced:  # servers take a connection that ended for a body that did
        raise BadRequest(BROKEN)
    return end


def _written(file: int, piece: memoryview, place: int) -> int:
    """Write a piece, which the system may take in several; gives where it ends."""
    while piece:
        count = os.pwrite(file, piece, place)
        place, piece = place + count, piece[count:]
    return place
