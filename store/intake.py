"""Accepting an upload: its file is kept first, then one transaction makes upload and job exist together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from store import counters, faults
from store.database import db
from store.files import Files
from store.models import Job, Upload, new_id
from store.options import JobOptions
from store.queues import queue_for
from store.states import JobState


@dataclass(frozen=True, slots=True)
class Received:
    """A body that arrived whole: written, hashed and fsynced, still in incoming/."""

    path: Path
    name: str  # as the client gave it
    bytes: int
    sha256: str
    hold: BinaryIO | None = field(default=None, repr=False, compare=False)  # see Files.hold

    def let_go(self) -> None:
        """Nobody is at the file any more: if it has no row by now, it will have none."""
        if self.hold is not None:
            self.hold.close()


class AlreadySentError(Exception):
    """The account sent the same bytes before, and that job is waiting, running or done."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


def accept(files: Files, owner_id: int, received: Received, options: JobOptions) -> Job:
    """Keep the file and make the job, in the state queued. The caller enqueues afterwards, and lets go of the file.

    Where the database breaks off in the commit nobody knows whether it happened, so the file stays in uploads/; if it
    has no row the reconciler removes it.

    Raises:
        AlreadySentError: the same account has a job for the same bytes; nothing of this upload is kept.
    """
    key = same_file_key(owner_id, received.sha256)
    earlier = _holder(key)
    if earlier is not None:
        received.path.unlink(missing_ok=True)
        raise AlreadySentError(earlier)
    upload_id = new_id()
    files.keep_upload(received.path, upload_id)
    faults.point("upload.kept")
    try:
        return _recorded(upload_id, owner_id, received, options, key)
    except IntegrityError:
        db.session.rollback()
        files.remove_upload(upload_id)
        # Two at once: the other one was first, and the unique key said so.
        earlier = _holder(key)
        if earlier is None:
            raise
        raise AlreadySentError(earlier) from None


def same_file_key(owner_id: int, sha256: str) -> str:
    """What two uploads of the same bytes by the same account have in common."""
    return f"{owner_id}:{sha256}"


def _recorded(upload_id: str, owner_id: int, received: Received, options: JobOptions, key: str) -> Job:
    upload = Upload(
        id=upload_id,
        owner_id=owner_id,
        name=received.name[:255] or "upload.csv",
        bytes=received.bytes,
        sha256=received.sha256,
    )
    job = Job(
        owner_id=owner_id,
        upload_id=upload_id,
        state=JobState.QUEUED,
        queue=queue_for(received.bytes),
        options=options.to_json(),
        same_file_key=key,
    )
    db.session.add(upload)
    db.session.flush()  # PostgreSQL checks the reference at once
    db.session.add(job)
    counters.add_all(counters.of_upload(received.bytes))
    db.session.commit()
    faults.point("upload.committed")
    return job


def _holder(key: str) -> str | None:
    return db.session.scalar(select(Job.id).where(Job.same_file_key == key))
