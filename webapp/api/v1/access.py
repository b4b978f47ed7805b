"""Access to jobs: the one place where the newer API looks up a job, and the base class of its blueprints."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from store import jobs
from store.models import Job
from store.states import STATES, JobState
from webapp.api.answers import ParametersParser
from webapp.api.bearer import caller_id, require_bearer
from webapp.errors.problems import Problem
from webapp.job_errors import bad_rows_of, error_of, sentence_of

RETRY_AFTER = "2"  # seconds


class V1(Blueprint):
    """A blueprint under /api/v1, all of whose calls need a bearer token."""

    ARGUMENTS_PARSER = ParametersParser()

    def __init__(self, name: str, import_name: str, description: str) -> None:
        super().__init__(name, import_name, url_prefix="/api/v1", description=description)
        self.before_request(require_bearer)


def own_job(job_id: str) -> Job:
    """Return the caller's job; raise Problem not-found for one of another account as for one that does not exist."""
    found = jobs.find(job_id, caller_id())
    if found is None:
        raise Problem("not-found", "There is no such job.")
    return found


def own_done_job(job_id: str) -> Job:
    """Return the caller's job if it is done.

    Raises:
        Problem: not-found, expired, not-ended or job-failed.
    """
    job = own_job(job_id)
    if job.state is JobState.DONE:
        return job
    sentence = STATES[job.state].sentence
    if job.state is JobState.EXPIRED:
        raise Problem("expired", f"{sentence}.")
    if not STATES[job.state].is_final:
        raise Problem("not-ended", f"{sentence}. Ask again in a moment.", headers={"Retry-After": RETRY_AFTER})
    raise Problem("job-failed", sentence_of(job), errors=_places(job))


def _places(job: Job) -> list[dict[str, Any]]:
    """Return where and why a job failed: the first bad rows, or the place that its error names."""
    if bad_rows := bad_rows_of(job):
        return [{name: row[name] for name in ("line", "column", "value", "reason")} for row in bad_rows]
    error = error_of(job)
    if error is None:
        return []
    return [{"reason": error["message"]} | {name: error.get(name) for name in ("line", "column", "value")}]
