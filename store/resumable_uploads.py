"""Resumable uploads: they arrive in pieces, each of which any process may receive.

The row holds the owner, the final size and the job it led to. The size of the file in incoming/ is what has arrived;
only the request that has locked the file may change it. Job and upload are created by store.accept_upload, as for every
other file, under the id of the row, so that a request after a crash finds what was done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import delete, select, update

from store import accept_upload, disk_space, file_locks, quota
from store.accept_upload import AlreadySentError, Keys, Received
from store.database import db, now
from store.files import Files
from store.models import Job, Resumable
from store.options import JobOptions
from store.paths import ID
from store.quota import OverQuotaError

LIFE = timedelta(hours=24)  # after the last byte
_REQUEST_SECONDS = 5  # after which a request to release an upload expires


def create(
    files: Files,
    owner_id: int,
    *,
    name: str,
    length: int | None,
    options: JobOptions,
    said: str | None,
    webhook_url: str | None = None,
    quota_bytes: int | None = None,
) -> Resumable:
    """Create an upload, its file before its row. Raises OverQuotaError."""
    with files.begin_incoming() as file:
        try:
            quota.reserve(owner_id, quota_bytes, length or 1)
        except OverQuotaError:
            Path(file.name).unlink()
            raise
        row = Resumable(
            id=Path(file.name).name,
            owner_id=owner_id,
            name=name[:255],
            bytes=length,
            options=options.to_json(),
            said=said,
            webhook_url=webhook_url,
            expires_at=now() + LIFE,
        )
        db.session.add(row)
        db.session.commit()
    return row


def find(resumable_id: str, owner_id: int) -> Resumable | None:
    """Return a detached copy of the upload as it is now, if it belongs to this account."""
    if not ID.fullmatch(resumable_id):
        return None
    db.session.rollback()
    mine = select(Resumable).where(Resumable.id == resumable_id, Resumable.owner_id == owner_id)
    row = db.session.scalar(mine.execution_options(populate_existing=True))
    if row is not None:
        db.session.expunge(row)
    return row


def lock(files: Files, resumable_id: str) -> BinaryIO | None:
    """Open and lock the file of an upload until it is closed; None if another request has locked it.

    After a crash the file may be in uploads/ already. Raises FileNotFoundError if it is in neither place.
    """
    try:
        return file_locks.lock_exclusive(files.paths.incoming(resumable_id))
    except FileNotFoundError:
        return file_locks.lock_exclusive(files.upload(resumable_id))


def renew(row: Resumable, arrived: int, quota_bytes: int | None = None) -> datetime:
    """Record a piece that has arrived and passed its checksum, if it has one; return when the upload expires.

    Raises OverQuotaError; an upload of known length was reserved at the beginning.
    """
    if row.bytes is None:
        quota.reserve(row.owner_id, quota_bytes, arrived, besides=row.id)
    expires_at = now() + LIFE
    _change(row.id, arrived=arrived, unproved_from=None, expires_at=expires_at)
    return expires_at


def expect_proof(resumable_id: str, offset: int) -> None:
    """Record that bytes from this offset on count only once their checksum is verified."""
    _change(resumable_id, unproved_from=offset)


def set_length(row: Resumable, length: int, quota_bytes: int | None = None) -> None:
    """Record the final size of an upload whose client did not know it before; raise OverQuotaError."""
    quota.reserve(row.owner_id, quota_bytes, length, besides=row.id)
    _change(row.id, bytes=length)


def finish(files: Files, row: Resumable, sha256: str) -> tuple[str, Job | None]:
    """Finish an upload that is complete and fsynced; return the id of its job, and the job if it is new.

    The caller has locked the file. This is idempotent, also after a crash: there is one job, created by the first call
    or found as the one that the account has for the same bytes.
    """
    job_id, job = _job_of(row.id), None
    if job_id is None:
        try:
            # Checked here first: accept would remove the file before the row names its job.
            Keys.of(row.owner_id, sha256, None).refuse_if_taken()
            received, options = _received(files, row, sha256), JobOptions.from_json(row.options)
            job = accept_upload.accept(files, row.owner_id, received, options, webhook_url=row.webhook_url)
            job_id = job.id
        except AlreadySentError as earlier:
            job_id = earlier.job_id
    _change(row.id, job_id=job_id)
    files.paths.incoming(row.id).unlink(missing_ok=True)
    return job_id, job


def remove(files: Files, resumable_id: str) -> None:
    """Remove an upload, and its file unless a job has it; the caller has locked the file, if it exists."""
    db.session.execute(delete(Resumable).where(Resumable.id == resumable_id))
    db.session.commit()
    files.paths.incoming(resumable_id).unlink(missing_ok=True)


def expire(files: Files) -> Iterator[str]:
    """Remove expired uploads that no request has locked; yield their ids."""
    due = select(Resumable.id).where(Resumable.job_id.is_(None), Resumable.expires_at < now())
    overdue = list(db.session.scalars(due))
    db.session.rollback()
    for resumable_id in overdue:
        if _give_up(files, resumable_id):
            yield resumable_id


def give_back_space(files: Files) -> None:
    """Free the disk space that dead processes reserved for uploads; skip uploads that a request has locked."""
    for path in files.incoming_files():
        if disk_space.holds_more_than_it_has(path):
            with suppress(OSError):  # it is gone, or the file system has no locks
                file = file_locks.lock_exclusive(path)
                if file is not None:
                    with file:
                        disk_space.give_back(file.fileno())


def request_release(redis: Redis, resumable_id: str) -> None:
    """Ask the request that has locked an upload to release it if it is idle: its client may have reconnected."""
    try:
        redis.set(_release_key(resumable_id), 1, ex=_REQUEST_SECONDS)
    except RedisError:
        pass  # the other request then ends by its own timeout


def is_asked_for(redis: Redis, resumable_id: str) -> bool:
    """Tell whether another request waits for an upload, and clear that."""
    try:
        return bool(redis.delete(_release_key(resumable_id)))
    except RedisError:
        return False


def _release_key(resumable_id: str) -> str:
    return f"playtally:upload-asked-for:{resumable_id}"


def _job_of(resumable_id: str) -> str | None:
    """Return the job of an earlier call of finish that was interrupted after its commit."""
    oldest = select(Job.id).where(Job.upload_id == resumable_id).order_by(Job.created_at)
    return db.session.scalar(oldest.limit(1))


def _received(files: Files, row: Resumable, sha256: str) -> Received:
    path = files.paths.incoming(row.id)
    if not path.exists():
        path = files.upload(row.id)  # moved by an earlier call that was interrupted before its commit
    return Received(path=path, name=row.name, bytes=row.bytes or 0, sha256=sha256, upload_id=row.id)


def _give_up(files: Files, resumable_id: str) -> bool:
    try:
        file = lock(files, resumable_id)
    except FileNotFoundError:
        remove(files, resumable_id)
        return True
    if file is None:
        return False
    with file:
        last_byte = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, tz=now().tzinfo)
        if last_byte + LIFE > now():  # the process that received it died before it recorded that
            _change(resumable_id, expires_at=last_byte + LIFE)
            return False
        remove(files, resumable_id)
    return True


def _change(resumable_id: str, **values: Any) -> None:
    db.session.execute(update(Resumable).where(Resumable.id == resumable_id).values(**values))
    db.session.commit()
