"""The task that RQ calls. Its arguments are ids: everything else is in the database."""

from __future__ import annotations

from common.settings import read_settings
from worker import attempt as attempts_of_ours
from worker.context import database


def process_job(job_id: str, attempt: int) -> None:
    """Run one attempt and record its outcome in the database; RQ gets no result."""
    settings = read_settings()
    with database(settings) as app:
        attempts_of_ours.run(app, job_id, attempt, settings)
