"""Being the one process that does a duty: taken when nobody does it, kept by taking turns at it."""

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
    """One process's hold on a duty, or its wait for it."""

    def __init__(self, name: str, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``patience``: seconds without a turn after which another one's duty is taken over."""
        self.holder = f"{_host()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._name = name
        self._patience = patience
        self._clock = clock
        self._seen: LeaseState | None = None
        self._seen_since = 0.0
        self._was_ours = False

    def is_available(self) -> bool:
        """Whether it is ours or nobody does it; raises SQLAlchemyError when the database is away."""
        found = leader_lease.read(self._name)
        if self._seen is None or (found.holder, found.turns) != (self._seen.holder, self._seen.turns):
            self._seen_since = self._clock()
        self._seen = found
        is_free = found.holder in (NOBODY, self.holder) or _is_gone(found.holder)
        return is_free or self._clock() - self._seen_since >= self._patience

    def renew(self) -> bool:
        """Whether the duty is ours for this turn; raises SQLAlchemyError when the database is away."""
        is_ours = (
            self.is_available() and self._seen is not None and leader_lease.acquire(self._name, self.holder, self._seen)
        )
        if is_ours != self._was_ours:
            whose = "ours" if is_ours else "with another"
            _log.info("the duty of the %s is %s", self._name, whose)
        self._was_ours = is_ours
        return is_ours

    def release(self) -> None:
        """Let another one take it at once; raises SQLAlchemyError when the database is away."""
        leader_lease.release(self._name, self.holder)


def _is_gone(holder: str) -> bool:
    """Whether a holder was a process of this machine that is no more; False where that is not known."""
    host, _, rest = holder.partition(":")
    pid, _, _ = rest.partition(":")
    return host == _host() and pid.isdigit() and not Path(f"/proc/{pid}").exists()


def _host() -> str:
    return socket.gethostname()[:24]
