"""Accepting an upload: move its file into place, then create upload and job in one transaction."""

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
    """A complete upload, written, hashed and fsynced, still in incoming/."""

    path: Path
    name: str  # as the client gave it
    bytes: int
    sha256: str
    hold: BinaryIO | None = field(default=None, repr=False, compare=False)  # see file_locks.lock_shared
    upload_id: str = field(default_factory=new_id, compare=False)  # its id from now on

    def let_go(self) -> None:
        """Unlock the file: a file without a row is an orphan from now on."""
        if self.hold is not None:
            self.hold.close()


class AlreadySentError(Exception):
    """The account has sent the same bytes before, and that job is queued, running or done."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class KeyUsedError(Exception):
    """The account has sent the same Idempotency-Key before, and that request created a job."""

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
    """Keep the file and create its job in the state queued. The caller then enqueues it and unlocks the file.

    ``webhook_url`` is called when the job has ended; see store.webhooks. ``quota_bytes`` is what the account may keep,
    or None if there is no quota or it was checked before.

    If the connection to the database breaks during the commit, its outcome is unknown, so the file stays in uploads/;
    the reconciler removes it if it has no row.

    Raises:
        KeyUsedError: the account has a job with the same ``request_key``; this upload is discarded.
        AlreadySentError: the account has a job for the same bytes; this upload is discarded.
        OverQuotaError: the account would exceed its quota; this upload is discarded.
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
        return _insert_rows(owner_id, received, options, keys, webhook_url)
    except OverQuotaError:
        files.remove_upload(received.upload_id)
        keys.refuse_if_taken()  # a concurrent upload of the same file may have used up the quota
        raise
    except IntegrityError:
        db.session.rollback()
        files.remove_upload(received.upload_id)
        keys.refuse_if_taken()  # a concurrent upload won the race for the unique key
        raise


@dataclass(frozen=True, slots=True)
class Keys:
    """The unique keys of a job: no two jobs may share one."""

    owner_id: int
    sha256: str
    request: str | None  # the account's Idempotency-Key, if it sent one

    @classmethod
    def of(cls, owner_id: int, sha256: str, request_key: str | None) -> Keys:
        """Return the keys of a job of an account."""
        return cls(owner_id, sha256, request_key and f"{owner_id}:{request_key}")

    @property
    def same_file(self) -> str:
        """The key that uploads of the same bytes by the same account share."""
        return f"{self.owner_id}:{self.sha256}"

    def refuse_if_request_used(self) -> None:
        """Raise KeyUsedError if a job was created by the same request; ignore jobs for the same bytes."""
        if self.request is not None:
            job_id = db.session.scalar(select(Job.id).where(Job.request_key == self.request))
            if job_id is not None:
                raise KeyUsedError(job_id)

    def refuse_if_taken(self) -> None:
        """Raise KeyUsedError or AlreadySentError if a job has one of the keys or is another run over the same bytes."""
        same = [Job.same_file_key == self.same_file]
        if self.request is not None:
            same.append(Job.request_key == self.request)
        # In one statement: a job with both keys might be committed between two.
        found = db.session.execute(select(Job.id, Job.request_key).where(or_(*same))).all()
        found = found or db.session.execute(self._other_runs()).all()
        for job_id, request in found:
            if request is not None and request == self.request:
                raise KeyUsedError(job_id)
        if found:
            raise AlreadySentError(found[0].id)

    def _other_runs(self) -> Select[str, str | None]:
        """Select the unfinished and successful runs over these bytes, newest first.

        A later run has no ``same_file_key`` if an earlier one, removed or expired since, held it.
        """
        return (
            select(Job.id, Job.request_key)
            .join(Upload)
            .where(Upload.owner_id == self.owner_id, Upload.sha256 == self.sha256)
            .where(Job.state.in_((*UNFINISHED, JobState.DONE)))
            .order_by(Job.created_at.desc(), Job.id.desc())
        )


def _insert_rows(owner_id: int, received: Received, options: JobOptions, keys: Keys, webhook_url: str | None) -> Job:
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
    db.session.flush()  # PostgreSQL checks the foreign key at once
    db.session.add(job)
    counters.add_all(counters.of_upload(received.bytes))
    db.session.commit()
    fault_points.point("upload.committed")
    return job
