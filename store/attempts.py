"""What a worker may do to a job, and the reconciler to its attempts. Each function is one transaction.

Every write of a worker is fenced: it names the attempt and wants the job running and the attempt not let go. Where no
row matches, the attempt was cancelled or taken over, and :class:`LeaseLostError` tells its worker to stop at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql.elements import ColumnElement

from store import counters
from store.conditional_update import change
from store.database import db, now
from store.models import Job, Part
from store.options import JobOptions
from store.states import STATES, JobState

MAX_CRASHES = 3


class LeaseLostError(Exception):
    """The job is no longer this attempt's: stop at once and remove what it wrote."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one job, and all that its worker needs to know."""

    job_id: str
    attempt: int
    upload_id: str
    file_name: str
    file_bytes: int
    options: JobOptions
    crashes: int


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """One output file, as the worker hands it over."""

    name: str
    rows: int
    bytes: int
    sha256: str
    media_type: str = "text/csv"


def claim(job_id: str, attempt: int, lease_seconds: int) -> Claim | None:
    """Take a queued attempt; None when it is not to be had (gone, taken, cancelled, or an old message)."""
    moment = now()
    taken = change(
        Job,
        (Job.id == job_id) & (Job.attempt == attempt) & (Job.state == JobState.QUEUED),
        state=JobState.RUNNING,
        started_at=moment,
        heartbeat_at=moment,
        lease_until=moment + timedelta(seconds=lease_seconds),
        step="checking",
        fraction=0.0,
        rows_read=0,
        rows_per_second=None,
        seconds_left=None,
    )
    job = db.session.get(Job, job_id) if taken else None
    if job is None:
        return None
    found = Claim(
        job_id=job.id,
        attempt=job.attempt,
        upload_id=job.upload_id,
        file_name=job.upload.name,
        file_bytes=job.upload.bytes,
        options=JobOptions.from_json(job.options),
        crashes=job.crashes,
    )
    db.session.rollback()
    return found


def renew(claim: Claim, lease_seconds: int) -> None:
    """Show a sign of life; raises LeaseLostError."""
    moment = now()
    _fenced(claim, heartbeat_at=moment, lease_until=moment + timedelta(seconds=lease_seconds))


def record_progress(
    claim: Claim,
    *,
    step: str,
    fraction: float,
    rows_read: int,
    rows_per_second: float | None,
    seconds_left: float | None,
    lease_seconds: int,
) -> None:
    """Write how far the attempt is, which is a sign of life too; raises LeaseLostError."""
    moment = now()
    _fenced(
        claim,
        step=step,
        fraction=fraction,
        rows_read=rows_read,
        rows_per_second=rows_per_second,
        seconds_left=seconds_left,
        heartbeat_at=moment,
        lease_until=moment + timedelta(seconds=lease_seconds),
    )


def publish(
    claim: Claim, summary: dict[str, Any], parts: list[PublishedPart], keep_until: datetime, rejected_bytes: int = 0
) -> None:
    """Insert the parts and make the job done, in one commit; raises LeaseLostError.

    ``rejected_bytes`` is the size of the file of the rows left out, 0 where there is none.
    """
    moment = now()
    _fenced(
        claim,
        commit=False,
        state=JobState.DONE,
        ended_at=moment,
        heartbeat_at=moment,
        lease_until=None,
        keep_until=keep_until,
        step="writing",
        fraction=1.0,
        seconds_left=0.0,
        rows_read=summary["rows_read"],
        summary=summary,
        rejected_bytes=rejected_bytes,
        error=None,
    )
    for number, part in enumerate(parts, start=1):
        db.session.add(
            Part(
                job_id=claim.job_id,
                number=number,
                name=part.name,
                rows=part.rows,
                bytes=part.bytes,
                sha256=part.sha256,
                media_type=part.media_type,
            )
        )
    counters.add_all(counters.of_done(summary, [part.bytes for part in parts]))
    db.session.commit()


def fail(claim: Claim, error: dict[str, Any], keep_until: datetime, summary: dict[str, Any] | None = None) -> None:
    """End the job with words; raises LeaseLostError."""
    _fenced(claim, **_failed(error, keep_until), summary=summary)


def fail_killed(job_id: str, attempt: int, error: dict[str, Any], keep_until: datetime) -> bool:
    """End, from outside, the job of an attempt that had to be killed; False when it was not running any more."""
    return change(Job, _fence(job_id, attempt), **_failed(error, keep_until))


def holds(claim: Claim) -> bool:
    """Whether the job is still this attempt's; cheaper than a renewal."""
    held = db.session.scalar(select(Job.id).where(_fence(claim.job_id, claim.attempt))) is not None
    db.session.rollback()
    return held


class Standing(StrEnum):
    """What became of an attempt, for whoever tidies up after it."""

    PUBLISHED = "published"  # its job is done, by it
    GOES_ON = "goes on"  # at work, or let go: the next attempt takes over what it has
    FOLLOWED = "followed"  # another attempt has the job
    OVER = "over"  # the job ended otherwise, or is gone


def standing(job_id: str, attempt: int) -> Standing:
    """What became of an attempt; the answer, too, where a commit broke off and nobody knows."""
    row = db.session.execute(select(Job.state, Job.attempt).where(Job.id == job_id)).one_or_none()
    db.session.rollback()
    if row is None:
        return Standing.OVER
    state, present = row
    if state is JobState.DONE:
        return Standing.PUBLISHED if present == attempt else Standing.OVER
    if STATES[state].is_final:
        return Standing.OVER
    return Standing.GOES_ON if present == attempt else Standing.FOLLOWED


def let_go(job_id: str, attempt: int, *, crashed: bool) -> bool:
    """Give an attempt up whose worker died (``crashed``) or was told to stop; False when it was not at work any more.

    From here on it can write nothing, and the reconciler sees to what comes next.
    """
    crashes = Job.crashes + 1 if crashed else Job.crashes
    counts = counters.of_attempt(counters.CRASHED) if crashed else None
    return change(Job, _fence(job_id, attempt), lease_until=None, crashes=crashes, counts=counts)


def follow_up(job_id: str, attempt: int, keep_until: datetime) -> JobState | None:
    """Queue a job whose attempt was let go as the next attempt, or fail it after MAX_CRASHES dead workers.

    For the reconciler alone. None when there is nothing to do any more.
    """
    idle = _running(job_id, attempt) & Job.lease_until.is_(None)
    if change(Job, idle & (Job.crashes >= MAX_CRASHES), **_given_up(keep_until)):
        return JobState.FAILED
    counts = counters.of_attempt(counters.RETRIED)
    if change(Job, idle, state=JobState.QUEUED, attempt=attempt + 1, step=None, counts=counts):
        return JobState.QUEUED
    return None


def _given_up(keep_until: datetime) -> dict[str, Any]:
    error = {
        "code": "worker_died",
        "message": (
            f"We tried this file {MAX_CRASHES} times, and each time the machine that worked on it stopped. "
            "Your file is kept. Please try again later, or tell the people who run this site."
        ),
        "line": None,
        "column": None,
        "value": None,
    }
    return _failed(error, keep_until)


def _failed(error: dict[str, Any], keep_until: datetime) -> dict[str, Any]:
    return {
        "state": JobState.FAILED,
        "ended_at": now(),
        "lease_until": None,
        "keep_until": keep_until,
        "same_file_key": None,
        "error": error,
        "counts": counters.of_failure(error),
    }


def _fenced(claim: Claim, *, commit: bool = True, **values: Any) -> None:
    if not change(Job, _fence(claim.job_id, claim.attempt), commit=commit, **values):
        raise LeaseLostError(f"attempt {claim.attempt} at job {claim.job_id} is over")


def _fence(job_id: str, attempt: int) -> ColumnElement[bool]:
    return _running(job_id, attempt) & Job.lease_until.is_not(None)


def _running(job_id: str, attempt: int) -> ColumnElement[bool]:
    return (Job.id == job_id) & (Job.attempt == attempt) & (Job.state == JobState.RUNNING)
