"""``python -m worker.reconciler``: the loop that makes queues and files agree with the database.

It alone retries attempts that were released or have no heartbeat, and re-enqueues queued jobs that are missing from
Redis. Several processes may run; one at a time holds the lease, and the others wait to take it over.
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

SECONDS_BETWEEN_LOOKS = 1.0  # at running attempts: released ones are retried at once
TURNS_WITHOUT_A_HOLDER = 2  # after which the lease is taken over
TURNS_BETWEEN_INVENTORIES = 240  # in which all files that should exist are checked

_log = logging.getLogger(__name__)


class Reconciler:
    """The reconciler's work and what it remembers from turn to turn; needs an application context."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings = settings
        self._redis = redis
        self._files = Files(settings.data_dir)
        self._watch = Watch(settings.lease_seconds)
        self._in_doubt: frozenset[str] = frozenset()  # calls that a worker took and had not claimed at the last turn
        self._orphans: set[Orphan] = set()
        self._unused_uploads: set[str] = set()
        self._turns = 0

    def look(self) -> None:
        """Retry running attempts that are dead or released; raise SQLAlchemyError if the database is unavailable."""
        pulses = expiry.pulses()
        dead = self._watch.dead(pulses)
        for job_id, attempt in dead:
            if attempts.release(job_id, attempt, crashed=True):
                _log.warning("attempt has no heartbeat; released as crashed", extra={"job": job_id, "attempt": attempt})
        released = [(pulse.job_id, pulse.attempt) for pulse in pulses if pulse.is_released]
        for job_id, attempt in dict.fromkeys(dead + released):
            self._follow_up(job_id, attempt)

    def turn(self) -> None:
        """Reconcile attempts, queues and files once; raise SQLAlchemyError if the database is unavailable."""
        self.look()
        self._tell_the_queue()
        if data_dir_check.belongs(self._files):
            self._tidy()
        else:
            _log.error(
                "files in %s do not belong to this database, so none are removed: check DATABASE_URL and DATA_DIR",
                self.settings.data_dir,
            )
        for job_id in expiry.expire(self._files):
            _log.info("files of expired job removed", extra={"job": job_id})
        resumable_uploads.give_back_space(self._files)
        for resumable_id in resumable_uploads.expire(self._files):
            _log.info("expired resumable upload %s removed", resumable_id)
        if self._turns % TURNS_BETWEEN_INVENTORIES == 0:
            for job_id, what in orphans.missing(self._files):
                _log.error("file missing on disk: %s", what, extra={"job": job_id})
        self._turns += 1

    def _follow_up(self, job_id: str, attempt: int) -> None:
        state = attempts.follow_up(job_id, attempt, jobs.keep_until(self.settings.keep_days))
        if state is None:
            return
        fault_points.point("retry.recorded")
        _log.warning("attempt ended without a result; job now %s", state, extra={"job": job_id, "attempt": attempt})
        if state is JobState.FAILED:
            self._files.remove_job(job_id)
        for waiting in expiry.waiting(job_id):
            self._enqueue(waiting)
            fault_points.point("retry.enqueued")

    def _tell_the_queue(self) -> None:
        """Enqueue the queued attempts that are missing from Redis."""
        waiting = expiry.waiting()
        try:
            calls = queues.calls(self._redis)
        except RedisError as error:
            if waiting:
                _log.warning("Redis unreachable (%s); %d queued jobs not checked", error, len(waiting))
            return
        ids = {queues.call_id(one.job_id, one.attempt): one for one in waiting}
        # A call that a worker has taken will be claimed in a moment, unless that worker died.
        taken = calls.started & ids.keys()
        for call_id in ids.keys() - calls.waiting - (taken - self._in_doubt):
            one = ids[call_id]
            queues.forget(self._redis, job_id=one.job_id, attempt=one.attempt)
            if self._enqueue(one):
                _log.info("re-enqueued job missing from queue", extra={"job": one.job_id, "attempt": one.attempt})
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
        """Remove what was an orphan at the last turn too."""
        found = orphans.find(self._files)
        for orphan in found & self._orphans:
            orphan.remove()
            _log.info("removed orphaned %s %s", orphan.kind, orphan.path.name, extra={"job": orphan.job_id})
        self._orphans = found
        self._unused_uploads = orphans.remove_unused_uploads(self._unused_uploads)


def serve(settings: Settings, stop: threading.Event) -> None:
    """While holding the lease, look every second and take a turn every ``reconcile_seconds``, until told to stop."""
    _log.info("reconciler ready: a turn every %d seconds", settings.reconcile_seconds)
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
                _log.warning("reconciler turn failed: %s", error)
                db.session.remove()  # PostgreSQL rejects everything else in a failed transaction
            stop.wait(min(SECONDS_BETWEEN_LOOKS, settings.reconcile_seconds))
        _release(leadership)
    redis.close()


def _release(leadership: Leadership) -> None:
    try:
        leadership.release()
    except SQLAlchemyError as error:
        _log.warning("reconciler lease not released: %s", error)


if __name__ == "__main__":
    sys.exit(daemon.run("reconciler", serve))
