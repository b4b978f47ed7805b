"""``python -m worker.reconciler``: makes queue and files agree with the database, again and again.

It alone retries: attempts that were let go or whose worker shows no sign of life, and jobs that wait while no queue
knows of them. Several may run; one at a time has the duty, the others wait to take it over.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from common import fault_points
from common.settings import Settings
from store import attempts, data_dir_check, expiry, jobs, leader_lease, orphans, queues, resumable_uploads
from store.database import db
from store.files import Files
from store.orphans import Orphan
from store.states import JobState
from worker import daemon, health
from worker.context import database
from worker.leadership import Leadership
from worker.liveness import Watch

SECONDS_BETWEEN_LOOKS = 1.0  # at the attempts that run: what was let go goes on at once
TURNS_WITHOUT_A_HOLDER = 2  # after which the duty is taken over
TURNS_BETWEEN_INVENTORIES = 240  # in which each file that a row promises is looked for

_log = logging.getLogger(__name__)


class Reconciler:
    """What one process remembers from turn to turn. Its methods run in an application context."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings = settings
        self._redis = redis
        self._files = Files(settings.data_dir)
        self._watch = Watch(settings.lease_seconds)
        self._in_doubt: frozenset[str] = frozenset()  # calls that were taken from the queue but not claimed
        self._orphans: set[Orphan] = set()
        self._unused_uploads: set[str] = set()
        self._turns = 0

    def look(self) -> None:
        """See after the attempts that run; raises SQLAlchemyError when the database is away."""
        pulses = expiry.pulses()
        dead = self._watch.dead(pulses)
        for job_id, attempt in dead:
            if attempts.release(job_id, attempt, crashed=True):
                _log.warning("its worker shows no sign of life", extra={"job": job_id, "attempt": attempt})
        let_go = [(pulse.job_id, pulse.attempt) for pulse in pulses if pulse.is_released]
        for job_id, attempt in dict.fromkeys(dead + let_go):
            self._follow_up(job_id, attempt)

    def turn(self) -> None:
        """Put right what can be put right now; raises SQLAlchemyError when the database is away."""
        self.look()
        self._tell_the_queue()
        if data_dir_check.belongs(self._files):
            self._tidy()
        else:
            _log.error(
                "the files in %s are not those of this database, so none are removed: see DATABASE_URL and DATA_DIR",
                self.settings.data_dir,
            )
        for job_id in expiry.expire(self._files):
            _log.info("its files were removed, their date is past", extra={"job": job_id})
        resumable_uploads.give_back_space(self._files)
        for resumable_id in resumable_uploads.expire(self._files):
            _log.info("removed the upload %s, of which nothing more came", resumable_id)
        if self._turns % TURNS_BETWEEN_INVENTORIES == 0:
            for job_id, what in orphans.missing(self._files):
                _log.error("%s is missing on the disk", what, extra={"job": job_id})
        self._turns += 1

    def _follow_up(self, job_id: str, attempt: int) -> None:
        state = attempts.follow_up(job_id, attempt, jobs.keep_until(self.settings.keep_days))
        if state is None:
            return
        fault_points.point("retry.recorded")
        _log.warning("attempt %d is over; now %s", attempt, state, extra={"job": job_id, "attempt": attempt})
        if state is JobState.FAILED:
            self._files.remove_job(job_id)
        for waiting in expiry.waiting(job_id):
            self._enqueue(waiting)
            fault_points.point("retry.enqueued")

    def _tell_the_queue(self) -> None:
        """Enqueue the attempts that wait in the database but in no queue."""
        waiting = expiry.waiting()
        try:
            calls = queues.calls(self._redis)
        except RedisError as error:
            if waiting:
                _log.warning("%d jobs wait for the queue, which is away: %s", len(waiting), error)
            return
        ids = {queues.call_id(one.job_id, one.attempt): one for one in waiting}
        # A call in a worker's hands will be claimed in a moment; if not, that worker died.
        taken = calls.started & ids.keys()
        for call_id in ids.keys() - calls.waiting - (taken - self._in_doubt):
            one = ids[call_id]
            queues.forget(self._redis, job_id=one.job_id, attempt=one.attempt)
            if self._enqueue(one):
                _log.info("the queue had not heard of it", extra={"job": one.job_id, "attempt": one.attempt})
        self._in_doubt = taken

    def _enqueue(self, waiting: expiry.QueuedAttempt) -> bool:
        return queues.enqueue(
            self._redis,
            job_id=waiting.job_id,
            attempt=waiting.attempt,
            queue=waiting.queue,
            file_bytes=waiting.file_bytes,
        )

    def _tidy(self) -> None:
        """Remove what nobody needed at the last turn either."""
        found = orphans.find(self._files)
        for orphan in found & self._orphans:
            orphan.remove()
            _log.info("removed %s %s", orphan.kind, orphan.path.name, extra={"job": orphan.job_id})
        self._orphans = found
        self._unused_uploads = orphans.remove_unused_uploads(self._unused_uploads)


def serve(settings: Settings, stop: threading.Event) -> None:
    """Look every second and take a turn every ``reconcile_seconds``, while the duty is ours, until told to stop."""
    _log.info("a turn every %d seconds", settings.reconcile_seconds)
    redis = queues.connect(settings.redis_url)
    reconciler = Reconciler(settings, redis)
    leadership = Leadership(leader_lease.RECONCILER, TURNS_WITHOUT_A_HOLDER * settings.reconcile_seconds)
    is_ours, next_turn = False, 0.0
    with database(settings):
        while not stop.is_set():
            try:
                if time.monotonic() >= next_turn:
                    next_turn = time.monotonic() + settings.reconcile_seconds
                    is_ours = leadership.renew()
                    if is_ours:
                        reconciler.turn()
                    health.record_heartbeat(redis, settings)
                elif is_ours:
                    reconciler.look()
                elif leadership.is_available():
                    next_turn = 0.0
            except (SQLAlchemyError, RedisError, OSError) as error:
                _log.warning("this turn broke off: %s", error)
                db.session.remove()  # PostgreSQL answers nothing more in a transaction that failed
            stop.wait(min(SECONDS_BETWEEN_LOOKS, settings.reconcile_seconds))
        _release(leadership)
    redis.close()


def _release(leadership: Leadership) -> None:
    try:
        leadership.release()
    except SQLAlchemyError as error:
        _log.warning("the duty could not be given back: %s", error)


if __name__ == "__main__":
    sys.exit(daemon.run("reconciler", serve))
