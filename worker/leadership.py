"""Leadership: acquiring a named lease when it is free or its holder is gone, and renewing it."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from store import leader_lease
from store.leader_lease import NOBODY, LeaseState

_log = logging.getLogger(__name__)


class Leadership:
    """A process's hold on a lease, or its wait for it."""

    def __init__(self, name: str, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a lease over once it was not renewed for ``patience`` seconds."""
        self.holder = f"{_host()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._name = name
        self._patience = patience
        self._clock = clock
        self._seen: LeaseState | None = None
        self._seen_since = 0.0
        self._was_ours = False

    def is_available(self) -> bool:
        """Tell whether the lease is ours, free or expired; raise SQLAlchemyError if the database is unavailable."""
        found = leader_lease.read(self._name)
        if self._seen is None or (found.holder, found.turns) != (self._seen.holder, self._seen.turns):
            self._seen_since = self._clock()
        self._seen = found
        is_free = found.holder in (NOBODY, self.holder) or _is_gone(found.holder)
        return is_free or self._clock() - self._seen_since >= self._patience

    def renew(self) -> bool:
        """Acquire or renew the lease; False if another process holds it.

        Raises SQLAlchemyError if the database is unavailable.
        """
        is_ours = (
            self.is_available() and self._seen is not None and leader_lease.acquire(self._name, self.holder, self._seen)
        )
        if is_ours != self._was_ours:
            _log.info("acquired %s lease" if is_ours else "lost %s lease to another process", self._name)
        self._was_ours = is_ours
        return is_ours

    def release(self) -> None:
        """Release the lease for other processes; raise SQLAlchemyError if the database is unavailable."""
        leader_lease.release(self._name, self.holder)


def _is_gone(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that has ended; False if unknown."""
    host, _, rest = holder.partition(":")
    pid, _, _ = rest.partition(":")
    return host == _host() and pid.isdigit() and not Path(f"/proc/{pid}").exists()


def _host() -> str:
    return socket.gethostname()[:24]
