"""Uploads that arrive in pieces, whichever process takes each piece.

The row says whose it is, how long it will be and which job came of it. How much has arrived is the size of its file
in incoming/, which one request at a time may change: the one that has locked it. Job and upload come from
store.accept_upload as for every other file, under the id of the row, so that a request after a crash finds what was
done.
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

LIFE = timedelta(hours=24)  # without a new byte
_WISH_SECONDS = 5  # for which a request that waits is remembered


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
    """Begin an upload; its file is there before its row. Raises OverQuotaError."""
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
    """The upload as it is now, if it is this account's; a copy, which no later transaction changes."""
    if not ID.fullmatch(resumable_id):
        return None
    db.session.rollback()
    mine = select(Resumable).where(Resumable.id == resumable_id, Resumable.owner_id == owner_id)
    row = db.session.scalar(mine.execution_options(populate_existing=True))
    if row is not None:
        db.session.expunge(row)
    return row


def lock(files: Files, resumable_id: str) -> BinaryIO | None:
    """Open the file of an upload with nobody else at it, until it is closed; None while somebody is.

    After a crash it may lie among the uploads already. Raises FileNotFoundError: there is none.
    """
    try:
        return file_locks.lock_exclusive(files.paths.incoming(resumable_id))
    except FileNotFoundError:
        return file_locks.lock_exclusive(files.upload(resumable_id))


def renew(row: Resumable, arrived: int, quota_bytes: int | None = None) -> datetime:
    """Note a piece that has arrived, proved if it had to be; gives the moment until which the next is waited for.

    Raises OverQuotaError: the account may not keep it. Where the length is known it was reserved at the beginning.
    """
    if row.bytes is None:
        quota.reserve(row.owner_id, quota_bytes, arrived, besides=row.id)
    expires_at = now() + LIFE
    _change(row.id, arrived=arrived, unproved_from=None, expires_at=expires_at)
    return expires_at


def expect_proof(resumable_id: str, offset: int) -> None:
    """Note that what arrives from here on does not count before it is proved."""
    _change(resumable_id, unproved_from=offset)


def set_length(row: Resumable, length: int, quota_bytes: int | None = None) -> None:
    """Note how long the upload will be, where its client did not know before; raises OverQuotaError."""
    quota.reserve(row.owner_id, quota_bytes, length, besides=row.id)
    _change(row.id, bytes=length)


def finish(files: Files, row: Resumable, sha256: str) -> tuple[str, Job | None]:
    """End an upload whose bytes are all there and on the disk; gives the id of its job, and the job if it is a new one.

    The caller has locked the file. As often as this is called, after whatever crash, one job comes of it: that of the
    first time, or the one that the account has for the same bytes.
    """
    job_id, job = _job_made(row.id), None
    if job_id is None:
        try:
            # Asked here first: intake would remove the file before anybody knows where the upload ends.
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
    """Forget an upload, with its bytes unless a job has them; the caller has locked its file, if there is one."""
    db.session.execute(delete(Resumable).where(Resumable.id == resumable_id))
    db.session.commit()
    files.paths.incoming(resumable_id).unlink(missing_ok=True)


def expire(files: Files) -> Iterator[str]:
    """Remove the uploads of which nothing more came; one that a request is at stays. Gives the ids."""
    due = select(Resumable.id).where(Resumable.job_id.is_(None), Resumable.expires_at < now())
    overdue = list(db.session.scalars(due))
    db.session.rollback()
    for resumable_id in overdue:
        if _give_up(files, resumable_id):
            yield resumable_id


def give_back_space(files: Files) -> None:
    """Free what was taken ahead for uploads by processes that are no more; one that a request is at keeps it."""
    for path in files.incoming_files():
        if disk_space.holds_more_than_it_has(path):
            with suppress(OSError):  # it is gone, or on a disk without locks
                file = file_locks.lock_exclusive(path)
                if file is not None:
                    with file:
                        disk_space.give_back(file.fileno())


def request_release(redis: Redis, resumable_id: str) -> None:
    """Ask whoever is at an upload to leave it, if nothing comes there: its client may be back on another line."""
    try:
        redis.set(_wish(resumable_id), 1, ex=_WISH_SECONDS)
    except RedisError:
        pass  # then it takes until the silence has lasted too long


def is_asked_for(redis: Redis, resumable_id: str) -> bool:
    """Whether somebody waits for an upload; the wish is over when it was heard."""
    try:
        return bool(redis.delete(_wish(resumable_id)))
    except RedisError:
        return False


def _wish(resumable_id: str) -> str:
    return f"playtally:upload-asked-for:{resumable_id}"


def _job_made(resumable_id: str) -> str | None:
    """The job of an earlier call of finish that broke off behind its commit."""
    oldest = select(Job.id).where(Job.upload_id == resumable_id).order_by(Job.created_at)
    return db.session.scalar(oldest.limit(1))


def _received(files: Files, row: Resumable, sha256: str) -> Received:
    path = files.paths.incoming(row.id)
    if not path.exists():
        path = files.upload(row.id)  # moved by an earlier call that broke off before its commit
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
        if last_byte + LIFE > now():  # the process that took it died before it could say so
            _change(resumable_id, expires_at=last_byte + LIFE)
            return False
        remove(files, resumable_id)
    return True


def _change(resumable_id: str, **values: Any) -> None:
    db.session.execute(update(Resumable).where(Resumable.id == resumable_id).values(**values))
    db.session.commit()
