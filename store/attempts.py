"""Attempts at jobs: what workers and the reconciler may do to them. Each function is one transaction.

Every write of a worker is fenced: it names its attempt, and matches only while the job is running and the attempt holds
its lease. If no row matches, the attempt was cancelled or superseded, and :class:`LeaseLostError` tells its worker to
stop at once.
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
from store.failures import failure
from store.models import Job, Part
from store.options import JobOptions
from store.states import STATES, JobState

MAX_CRASHES = 3


class LeaseLostError(Exception):
    """The attempt no longer holds the job: it must stop at once and remove its files."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed attempt, with all that its worker needs to know."""

    job_id: str
    attempt: int
    upload_id: str
    file_name: str
    file_bytes: int
    options: JobOptions
    crashes: int


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """An output file, as its worker reports it."""

    name: str
    rows: int
    bytes: int
    sha256: str
    media_type: str = "text/csv"


def claim(job_id: str, attempt: int, lease_seconds: int) -> Claim | None:
    """Claim a queued attempt; None if it is already claimed, superseded or cancelled, or its job is deleted."""
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
    """Record a heartbeat and renew the lease; raise LeaseLostError if it is lost."""
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
    """Record how far the attempt is, which also renews the lease; raise LeaseLostError if that is lost."""
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
    """Insert the parts and mark the job done, in one commit; raise LeaseLostError if the lease is lost.

    ``rejected_bytes`` is the size of the list of skipped rows, 0 if there is none.
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
    """Mark the job failed with this error; raise LeaseLostError if the lease is lost."""
    _fenced(claim, **_failed(error, keep_until), summary=summary)


def fail_killed(job_id: str, attempt: int, error: dict[str, Any], keep_until: datetime) -> bool:
    """Mark the job of a killed attempt failed, from another process; False if the attempt held it no longer."""
    return change(Job, _fence(job_id, attempt), **_failed(error, keep_until))


def holds(claim: Claim) -> bool:
    """Tell whether the attempt still holds its job; cheaper than :func:`renew`."""
    held = db.session.scalar(select(Job.id).where(_fence(claim.job_id, claim.attempt))) is not None
    db.session.rollback()
    return held


class Standing(StrEnum):
    """Where an attempt stands, which decides which of its files are kept."""

    PUBLISHED = "published"  # its results are those of the job
    ONGOING = "ongoing"  # running, or released: the next attempt takes over its files
    SUPERSEDED = "superseded"  # another attempt has the job
    ENDED = "ended"  # the job ended otherwise, or was deleted


def standing(job_id: str, attempt: int) -> Standing:
    """Return where an attempt stands; this also settles whether an interrupted commit took effect."""
    row = db.session.execute(select(Job.state, Job.attempt).where(Job.id == job_id)).one_or_none()
    db.session.rollback()
    if row is None:
        return Standing.ENDED
    state, present = row
    if state is JobState.DONE:
        return Standing.PUBLISHED if present == attempt else Standing.ENDED
    if STATES[state].is_final:
        return Standing.ENDED
    return Standing.ONGOING if present == attempt else Standing.SUPERSEDED


def release(job_id: str, attempt: int, *, crashed: bool) -> bool:
    """Release the lease of an attempt whose worker crashed or was told to stop; False if it held none.

    The attempt can write nothing from now on, and the reconciler retries or fails its job.
    """
    crashes = Job.crashes + 1 if crashed else Job.crashes
    counts = counters.of_attempt(counters.CRASHED) if crashed else None
    return change(Job, _fence(job_id, attempt), lease_until=None, crashes=crashes, counts=counts)


def follow_up(job_id: str, attempt: int, keep_until: datetime) -> JobState | None:
    """Queue the next attempt after a released one, or fail the job after MAX_CRASHES crashes.

    For the reconciler alone. Returns the new state, or None if there was nothing to do.
    """
    idle = _running(job_id, attempt) & Job.lease_until.is_(None)
    if change(Job, idle & (Job.crashes >= MAX_CRASHES), **_crashed_too_often(keep_until)):
        return JobState.FAILED
    counts = counters.of_attempt(counters.RETRIED)
    if change(Job, idle, state=JobState.QUEUED, attempt=attempt + 1, step=None, counts=counts):
        return JobState.QUEUED
    return None


def _crashed_too_often(keep_until: datetime) -> dict[str, Any]:
    return _failed(failure("worker_died", tries=MAX_CRASHES), keep_until)


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
