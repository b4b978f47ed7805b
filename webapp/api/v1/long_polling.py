"""Long polling: a call that waits in place of its caller, as long as threads are left for the others."""

from __future__ import annotations

import threading
import time

from store.database import db
from store.models import Job
from store.states import STATES
from webapp.api.v1.access import own_job
from webapp.progress import percent_of

LONGEST = 60  # seconds
MOST_AT_ONCE = 32  # in a process, of its 128 threads; further calls are answered at once
_BETWEEN_LOOKS = 0.25  # seconds
_seats = threading.BoundedSemaphore(MOST_AT_ONCE)


def job_after_change(job_id: str, seconds: float) -> Job:
    """The job as soon as it changes or has ended, or when the time is over; a Problem when it is not the caller's."""
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
        db.session.remove()  # others need the connection meanwhile
        time.sleep(min(_BETWEEN_LOOKS, left))
        job = own_job(job_id)
    return job


def _seen(job: Job) -> tuple[object, ...]:
    """What a caller waits for."""
    return job.state, job.step, percent_of(job), job.attempt
