"""Monitoring of a work horse by its worker: whether it still has its job, and how much memory it uses.

The worker does this because the horse itself may hang in a call, be stopped, or be out of memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from store import attempts
from store.attempts import Standing
from store.database import db
from worker.work_horse import held_bytes, most_bytes

SECONDS_BETWEEN_LOOKS = 0.5
GRACE = 1.0  # seconds in which a horse that lost its lease may stop by itself, when it next reports progress

_log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """Why a work horse must be killed."""

    LOST = "lost"  # the job was cancelled or deleted, or the attempt superseded
    OUT_OF_MEMORY = "out_of_memory"  # it uses more than a job may


class Guard:
    """The monitor of one work horse at one attempt; needs an application context."""

    def __init__(
        self,
        horse: int,
        job_id: str,
        attempt: int,
        memory_limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._horse = horse
        self._job_id = job_id
        self._attempt = attempt
        self._most_bytes = most_bytes(memory_limit)
        self._clock = clock
        self._next_look = clock()
        self._lost_since: float | None = None

    def verdict(self) -> Verdict | None:
        """Return why the horse must be killed now, or None; checks at most twice a second."""
        moment = self._clock()
        if moment < self._next_look:
            return None
        self._next_look = moment + SECONDS_BETWEEN_LOOKS
        if held_bytes(self._horse) > self._most_bytes:
            return Verdict.OUT_OF_MEMORY
        if not self._has_lost_its_job():
            self._lost_since = None
        elif self._lost_since is None:
            self._lost_since = moment
        elif moment - self._lost_since >= GRACE:
            return Verdict.LOST
        return None

    def _has_lost_its_job(self) -> bool:
        try:
            return attempts.standing(self._job_id, self._attempt) in (Standing.SUPERSEDED, Standing.ENDED)
        except SQLAlchemyError as error:
            about = {"job": self._job_id, "attempt": self._attempt}
            _log.warning("database unavailable (%s); lease not checked", error, extra=about)
            db.session.remove()  # PostgreSQL rejects everything else in a failed transaction
            return False
