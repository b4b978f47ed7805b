"""Long polling: a call waits for a job to change, as long as enough threads are left for other requests."""

from __future__ import annotations

import threading
import time

from store.database import db
from store.models import Job
from store.states import STATES
from webapp.api.v1.access import own_job
from webapp.progress import percent_of

LONGEST = 60  # seconds
MOST_AT_ONCE = 32  # per process, of its 128 threads; further calls are answered at once
_BETWEEN_LOOKS = 0.25  # seconds
_seats = threading.BoundedSemaphore(MOST_AT_ONCE)


def job_after_change(job_id: str, seconds: float) -> Job:
    """Return the job as soon as it changes or ends, or after ``seconds``; raise Problem not-found as ``own_job``."""
    job = own_job(job_id)
    if not seconds or STATES[job.state].is_final or not _seats.acquire(blocking=False):
        return job
    try:
        return _watched(job, job_id, time.monotonic() + seconds)
    finally:
        _seats.release()


def _watched(job: Job, job_id: str, deadline: float) -> Job:
    before = _seen(job)
    while _seen(job) == before and (left := deadline - time.monotonic()) > 0:
        db.session.remove()  # release the database connection for other requests
        time.sleep(min(_BETWEEN_LOOKS, left))
        job = own_job(job_id)
    return job


def _seen(job: Job) -> tuple[object, ...]:
    """Return the values whose change the caller waits for."""
    return job.state, job.step, percent_of(job), job.attempt
