"""Being the one process that does a duty: taken when nobody does it, kept by taking turns at it."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable

from store import duties
from store.duties import NOBODY, Tenure

_log = logging.getLogger(__name__)


class Duty:
    """One process's hold on a duty, or its wait for it."""

    def __init__(self, name: str, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``patience``: seconds without a turn after which another one's duty is taken over."""
        self.holder = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._name = name
        self._patience = patience
        self._clock = clock
        self._seen: Tenure | None = None
        self._seen_since = 0.0
        self._was_ours = False

    def take_turn(self) -> bool:
        """Whether the duty is ours for this turn; raises SQLAlchemyError when the database is away."""
        found = duties.look_at(self._name)
        moment = self._clock()
        if self._seen is None or (found.holder, found.turns) != (self._seen.holder, self._seen.turns):
            self._seen, self._seen_since = found, moment
        is_free = found.holder in (NOBODY, self.holder) or moment - self._seen_since >= self._patience
        is_ours = is_free and duties.take(self._name, self.holder, found)
        if is_ours != self._was_ours:
            whose = "ours" if is_ours else f"with {found.holder or 'another'}"
            _log.info("the duty of the %s is %s", self._name, whose)
        self._was_ours = is_ours
        return is_ours

    def give_back(self) -> None:
        """Let another one take it at once; raises SQLAlchemyError when the database is away."""
        duties.give_back(self._name, self.holder)
