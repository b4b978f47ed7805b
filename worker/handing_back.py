"""Letting go of an attempt whose worker died or was told to stop, so that the next one can begin."""

from __future__ import annotations

import logging

from redis import Redis

from store import attempts, faults, jobs, queues, upkeep
from store.files import Files
from store.settings import Settings
from store.states import JobState

_log = logging.getLogger(__name__)


def hand_back(settings: Settings, redis: Redis, job_id: str, attempt: int, *, crashed: bool) -> JobState | None:
    """Queue the job again, or fail it after too many crashes; None when the attempt was not running any more.

    Runs in an application context. What the attempt wrote is removed: from here on it can publish nothing.
    """
    files = Files(settings.data_dir)
    state = attempts.hand_back(job_id, attempt, crashed=crashed, keep_until=jobs.keep_until(settings.keep_days))
    if state is None:
        files.remove_working_files(job_id, attempt)
        return None
    faults.point("retry.recorded")
    files.remove_attempt(job_id, attempt)
    _log.warning("job %s: attempt %d %s; now %s", job_id, attempt, "died" if crashed else "was stopped", state)
    for next_one in upkeep.waiting(job_id):
        enqueue(redis, next_one)
        faults.point("retry.enqueued")
    return state


def enqueue(redis: Redis, waiting: upkeep.Waiting) -> bool:
    """Tell the queue about an attempt that waits; False when the queue is away."""
    return queues.enqueue(
        redis,
        job_id=waiting.job_id,
        attempt=waiting.attempt,
        queue=waiting.queue,
        file_bytes=waiting.file_bytes,
    )
