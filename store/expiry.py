"""Queries of the reconciler: queued attempts, heartbeats of running ones, and removal of expired files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from store.database import db, now
from store.files import Files
from store.models import Job, Upload
from store.states import STATES, JobState


@dataclass(frozen=True, slots=True)
class QueuedAttempt:
    """A queued attempt, with what it takes to enqueue it."""

    job_id: str
    attempt: int
    queue: str
    file_bytes: int


def waiting(job_id: str | None = None) -> list[QueuedAttempt]:
    """Return all queued attempts, or that of one job, oldest first."""
    queued = (
        select(Job.id, Job.attempt, Job.queue, Upload.bytes)
        .join(Upload, Job.upload_id == Upload.id)
        .where(Job.state == JobState.QUEUED)
        .order_by(Job.created_at)
    )
    rows = db.session.execute(queued if job_id is None else queued.where(Job.id == job_id)).all()
    db.session.rollback()
    return [QueuedAttempt(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last heartbeat of a running attempt, which is alive as long as that changes."""

    job_id: str
    attempt: int
    heartbeat_at: datetime | None
    is_released: bool


def pulses() -> list[Pulse]:
    """Return the last heartbeats of all running attempts."""
    rows = db.session.execute(
        select(Job.id, Job.attempt, Job.heartbeat_at, Job.lease_until).where(Job.state == JobState.RUNNING)
    ).all()
    db.session.rollback()
    return [Pulse(job_id, attempt, heartbeat_at, until is None) for job_id, attempt, heartbeat_at, until in rows]


def expire(files: Files) -> Iterator[str]:
    """Remove the files of jobs past their ``keep_until``, but not their rows; yield the ids."""
    ended = [state for state, facts in STATES.items() if JobState.EXPIRED in facts.followers]
    due = select(Job.id, Job.upload_id).where(Job.state.in_(ended), Job.keep_until < now())
    for job_id, upload_id in db.session.execute(due).all():
        db.session.execute(update(Job).where(Job.id == job_id).values(state=JobState.EXPIRED, same_file_key=None))
        db.session.commit()
        files.remove_job(job_id)
        in_use = select(Job.id).where(Job.upload_id == upload_id, Job.state != JobState.EXPIRED)
        if db.session.scalar(in_use.limit(1)) is None:
            files.remove_upload(upload_id)
        yield job_id
    db.session.rollback()
