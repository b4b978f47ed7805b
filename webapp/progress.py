"""The progress of a job in percent, for pages and API."""

from __future__ import annotations

from store.models import Job
from store.states import JobState


def percent_of(job: Job) -> int:
    """Return the progress from 0 to 100, rounded down: only a done job has 100."""
    if job.state is JobState.DONE:
        return 100
    return min(99, int(job.fraction * 100)) if job.state is JobState.RUNNING else 0
