"""What the reconciler asks and does: attempts nobody told a worker about, dead ones, files past their date."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select, update

from store import faults
from store.database import db, now
from store.files import Files
from store.models import Job, Upload
from store.states import STATES, JobState

INCOMING_SILENCE = 24 * 3600  # seconds after which a half upload is given up


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued attempt, as the queue wants to know it."""

    job_id: str
    attempt: int
    queue: str
    file_bytes: int


def waiting(job_id: str | None = None) -> list[Waiting]:
    """All queued attempts, or that of one job, oldest first."""
    queued = (
        select(Job.id, Job.attempt, Job.queue, Upload.bytes)
        .join(Upload, Job.upload_id == Upload.id)
        .where(Job.state == JobState.QUEUED)
        .order_by(Job.created_at)
    )
    rows = db.session.execute(queued if job_id is None else queued.where(Job.id == job_id)).all()
    db.session.rollback()
    return [Waiting(*row) for row in rows]


def dead_attempts() -> list[tuple[str, int]]:
    """The (job, attempt) pairs whose worker has shown no sign of life within its lease."""
    rows = db.session.execute(
        select(Job.id, Job.attempt).where(Job.state == JobState.RUNNING, Job.lease_until < now())
    ).all()
    db.session.rollback()
    return [(job_id, attempt) for job_id, attempt in rows]


def expire(files: Files) -> Iterator[str]:
    """Remove the files of jobs past their date; the record stays. Gives the ids."""
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


def sweep(files: Files) -> Iterator[str]:
    """Remove working files of attempts that are not running and half uploads given up. Gives what was removed."""
    faults.point("sweep.begun")
    for job_id, attempt in files.working_attempts():
        running = select(Job.id).where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
        if db.session.scalar(running) is None:
            files.remove_working_files(job_id, attempt)
            yield f"working files of job {job_id}, attempt {attempt}"
    db.session.rollback()
    for path in files.old_incoming(time.time() - INCOMING_SILENCE):
        path.unlink(missing_ok=True)
        yield f"half upload {path.name}"
