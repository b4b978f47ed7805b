"""Orphans: files without a row, and rows whose files are missing.

A file is moved before its row is committed, so what looks like an orphan may get its row in a moment. The reconciler
therefore looks twice, some time apart, and removes only what it found both times.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy import delete, exists, select

from common import fault_points
from store import file_locks
from store.database import db
from store.files import Files, remove_folder
from store.models import Job, Part, Resumable, Upload
from store.states import UNFINISHED, JobState

SILENCE = 24 * 3600  # seconds after which an incomplete upload is abandoned, even on a file system without locks


@dataclass(frozen=True, slots=True)
class Orphan:
    """A file or folder without a row that needs it."""

    kind: str  # half upload | upload | working files | results
    path: Path
    job_id: str | None = None

    def remove(self) -> None:
        """Remove it, if it still exists, and the folder of its job once that is empty."""
        if self.path.is_dir():
            remove_folder(self.path)
        else:
            self.path.unlink(missing_ok=True)


def find(files: Files) -> set[Orphan]:
    """Return all files and folders that have no row right now."""
    fault_points.point("sweep.begun")
    try:
        return set(chain(_half_uploads(files), _uploads(files), _working_files(files), _results(files)))
    finally:
        db.session.rollback()


def remove_unused_uploads(seen_before: set[str]) -> set[str]:
    """Remove the rows of uploads that have no job now and had none before; return the others without a job."""
    jobless = set(db.session.scalars(select(Upload.id).where(~exists().where(Job.upload_id == Upload.id))))
    if unused := jobless & seen_before:
        db.session.execute(delete(Upload).where(Upload.id.in_(unused), ~exists().where(Job.upload_id == Upload.id)))
    db.session.commit()
    return jobless - unused


def missing(files: Files) -> Iterator[tuple[str, str]]:
    """Find files that have a row and are missing on the disk; yield pairs of job and file."""
    kept = select(Job.id, Job.upload_id).where(Job.state != JobState.EXPIRED)
    for job_id, upload_id in db.session.execute(kept).all():
        if not files.upload(upload_id).exists():
            yield job_id, "the uploaded file"
    published = select(Job.id, Job.attempt, Part.name).join(Part).where(Job.state == JobState.DONE)
    for job_id, attempt, name in db.session.execute(published).all():
        if not files.result(job_id, attempt, name).exists():
            yield job_id, name
    db.session.rollback()


def _half_uploads(files: Files) -> Iterator[Orphan]:
    there = files.incoming_files()
    arriving = _arriving()
    return (Orphan("half upload", path) for path in there if path.name not in arriving and _is_abandoned(path))


def _uploads(files: Files) -> Iterator[Orphan]:
    there = files.upload_files()
    needed = set(db.session.scalars(select(Job.upload_id).where(Job.state != JobState.EXPIRED))) | _arriving()
    return (Orphan("upload", path) for path in there if path.name not in needed and _is_abandoned(path))


def _arriving() -> set[str]:
    """Return the ids of resumable uploads without a job yet; store.resumable_uploads expires them."""
    return set(db.session.scalars(select(Resumable.id).where(Resumable.job_id.is_(None))))


def _is_abandoned(path: Path) -> bool:
    try:
        old = path.stat().st_mtime < time.time() - SILENCE
    except FileNotFoundError:
        return False  # it was moved or removed meanwhile
    return old or not file_locks.is_locked(path)


def _working_files(files: Files) -> Iterator[Orphan]:
    there = files.working_attempts()
    needed = set(db.session.scalars(select(Job.id).where(Job.state.in_(UNFINISHED))))
    newest = dict(there)  # per job, since they are sorted: the next attempt resumes from it
    for job_id, attempt in there:
        if job_id not in needed or attempt != newest[job_id]:
            yield from (Orphan("working files", path, job_id) for path in files.working_folders(job_id, attempt))


def _results(files: Files) -> Iterator[Orphan]:
    there = files.published_attempts()
    running_or_done = select(Job.id, Job.attempt).where(Job.state.in_((JobState.RUNNING, JobState.DONE)))
    needed = {(job_id, attempt) for job_id, attempt in db.session.execute(running_or_done)}
    for job_id, attempt in there:
        if (job_id, attempt) not in needed:
            yield Orphan("results", files.paths.attempt("results", job_id, attempt), job_id)
