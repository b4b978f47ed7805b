"""How far a job is, as pages and API say it."""

from __future__ import annotations

from store.models import Job
from store.states import JobState


def percent_of(job: Job) -> int:
    """Whole percents, rounded down: 100 is only said once it is true."""
    if job.state is JobState.DONE:
        return 100
    return min(99, int(job.fraction * 100)) if job.state is JobState.RUNNING else 0
