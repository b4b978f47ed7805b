"""The errors and bad rows of jobs with their sentences, which the database does not hold."""

from __future__ import annotations

from typing import Any

from processing import sentences
from store import failures, jobs
from store.models import Job
from store.states import STATES


def error_of(job: Job) -> dict[str, Any] | None:
    """Return the error object of a failed job, or None."""
    return None if job.error is None else failures.error_json(job.error, sentences.error_json)


def sentence_of(job: Job) -> str:
    """Return why a job failed, or the sentence of its state."""
    return (error_of(job) or {}).get("message") or f"{STATES[job.state].sentence}."


def bad_rows_of(job: Job) -> list[dict[str, Any]]:
    """Return the first rows that a job could not read, with the place and the reason of each."""
    return [sentences.bad_row_json(row) for row in jobs.bad_rows(job)]
