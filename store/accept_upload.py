"""Accepting an upload: its file is kept first, then one transaction makes upload and job exist together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError

from common import fault_points
from store import counters, quota
from store.database import db
from store.files import Files
from store.models import Job, Upload, Webhook, new_id
from store.options import JobOptions
from store.queues import queue_for
from store.quota import OverQuotaError
from store.states import UNFINISHED, JobState


@dataclass(frozen=True, slots=True)
class Received:
    """A body that arrived whole: written, hashed and fsynced, still in incoming/."""

    path: Path
    name: str  # as the client gave it
    bytes: int
    sha256: str
    hold: BinaryIO | None = field(default=None, repr=False, compare=False)  # see file_locks.lock_shared
    upload_id: str = field(default_factory=new_id, compare=False)  # what it is to be called from now on

    def let_go(self) -> None:
        """Nobody is at the file any more: if it has no row by now, it will have none."""
        if self.hold is not None:
            self.hold.close()


class AlreadySentError(Exception):
    """The account sent the same bytes before, and that job is waiting, running or done."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class KeyUsedError(Exception):
    """The account sent a request with the same Idempotency-Key before, of which this job came."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


def accept(
    files: Files,
    owner_id: int,
    received: Received,
    options: JobOptions,
    request_key: str | None = None,
    webhook_url: str | None = None,
    quota_bytes: int | None = None,
) -> Job:
    """Keep the file and make the job, in the state queued. The caller enqueues afterwards, and lets go of the file.

    ``webhook_url`` is told of the job's end; see store.webhooks. ``quota_bytes`` are what the account may keep, None
    where that does not matter or was seen to before.

    Where the database breaks off in the commit nobody knows whether it happened, so the file stays in uploads/; if it
    has no row the reconciler removes it.

    Raises:
        KeyUsedError: the same account has a job for the same ``request_key``; nothing of this upload is kept.
        AlreadySentError: the same account has a job for the same bytes; nothing of this upload is kept either.
        OverQuotaError: the account would keep more than it may; nor is anything kept then.
    """
    keys = Keys.of(owner_id, received.sha256, request_key)
    try:
        keys.refuse_if_taken()
    except (AlreadySentError, KeyUsedError):
        received.path.unlink(missing_ok=True)
        raise
    files.put_upload(received.path, received.upload_id)
    fault_points.point("upload.kept")
    try:
        quota.reserve(owner_id, quota_bytes, received.bytes)
        return _recorded(owner_id, received, options, keys, webhook_url)
    except OverQuotaError:
        files.remove_upload(received.upload_id)
        keys.refuse_if_taken()  # the other one was first, and took the room
        raise
    except IntegrityError:
        db.session.rollback()
        files.remove_upload(received.upload_id)
        keys.refuse_if_taken()  # two at once: the other one was first, and the unique key said so
        raise


@dataclass(frozen=True, slots=True)
class Keys:
    """What no two jobs may have in common."""

    owner_id: int
    sha256: str
    request: str | None  # of requests of the same account that are one and the same

    @classmethod
    def of(cls, owner_id: int, sha256: str, request_key: str | None) -> Keys:
        """The keys of a job of an account."""
        return cls(owner_id, sha256, request_key and f"{owner_id}:{request_key}")

    @property
    def same_file(self) -> str:
        """Of uploads of the same bytes by the same account."""
        return f"{self.owner_id}:{self.sha256}"

    def refuse_if_request_used(self) -> None:
        """Raise KeyUsedError where a job came of the same request; one for the same bytes does not matter."""
        if self.request is not None:
            job_id = db.session.scalar(select(Job.id).where(Job.request_key == self.request))
            if job_id is not None:
                raise KeyUsedError(job_id)

    def refuse_if_taken(self) -> None:
        """Raise KeyUsedError or AlreadySentError where a job has one of them, or is another run over the same bytes."""
        same = [Job.same_file_key == self.same_file]
        if self.request is not None:
            same.append(Job.request_key == self.request)
        # In one statement: between two of them the job might come that has both.
        found = db.session.execute(select(Job.id, Job.request_key).where(or_(*same))).all()
        found = found or db.session.execute(self._other_runs()).all()
        for job_id, request in found:
            if request is not None and request == self.request:
                raise KeyUsedError(job_id)
        if found:
            raise AlreadySentError(found[0].id)

    def _other_runs(self) -> Select[str, str | None]:
        """The runs over these bytes that came to something or will, newest first.

        They have no key of the file where an earlier run had it, which may have been removed or expired since.
        """
        return (
            select(Job.id, Job.request_key)
            .join(Upload)
            .where(Upload.owner_id == self.owner_id, Upload.sha256 == self.sha256)
            .where(Job.state.in_((*UNFINISHED, JobState.DONE)))
            .order_by(Job.created_at.desc(), Job.id.desc())
        )


def _recorded(owner_id: int, received: Received, options: JobOptions, keys: Keys, webhook_url: str | None) -> Job:
    upload = Upload(
        id=received.upload_id,
        owner_id=owner_id,
        name=received.name[:255] or "upload.csv",
        bytes=received.bytes,
        sha256=received.sha256,
    )
    job = Job(
        owner_id=owner_id,
        upload_id=received.upload_id,
        state=JobState.QUEUED,
        queue=queue_for(received.bytes),
        options=options.to_json(),
        same_file_key=keys.same_file,
        request_key=keys.request,
        webhook=None if webhook_url is None else Webhook(url=webhook_url),
    )
    db.session.add(upload)
    db.session.flush()  # PostgreSQL checks the reference at once
    db.session.add(job)
    counters.add_all(counters.of_upload(received.bytes))
    db.session.commit()
    fault_points.point("upload.committed")
    return job
