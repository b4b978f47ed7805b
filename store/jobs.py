"""Jobs: looking them up, and what their owners may do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import ObjectDeletedError

from store import counters, quota
from store.accept_upload import Keys
from store.database import db, now
from store.files import Files
from store.models import Job, Part, Upload, Webhook
from store.options import JobOptions
from store.paths import ID
from store.queues import queue_for
from store.states import UNFINISHED, JobState

SHOWN_BAD_ROWS = 100  # on the page of a job, in the API, and in the row of a refused job, which has no rejected.csv


class UploadGoneError(Exception):
    """The file of a job was removed."""


def visible_to(account_id: int, *, is_admin: bool = False) -> Select[Job]:
    """Select the jobs an account may see, newest first: its own, or all for an administrator."""
    statement = select(Job).options(joinedload(Job.upload), joinedload(Job.owner)).order_by(Job.created_at.desc())
    return statement if is_admin else statement.where(Job.owner_id == account_id)


def find(job_id: str, account_id: int, *, is_admin: bool = False) -> Job | None:
    """Return the job if it exists and the account may see it."""
    if not ID.fullmatch(job_id):
        return None
    return db.session.scalar(visible_to(account_id, is_admin=is_admin).where(Job.id == job_id))


def find_part(part_id: str, account_id: int, *, is_admin: bool = False) -> Part | None:
    """Return a part of a job that is done, if the account may see the job."""
    if not ID.fullmatch(part_id):
        return None
    statement = select(Part).join(Job).where(Part.id == part_id, Job.state == JobState.DONE)
    if not is_admin:
        statement = statement.where(Job.owner_id == account_id)
    return db.session.scalar(statement)


def latest(
    account_id: int, *, is_admin: bool = False, states: tuple[JobState, ...] = (), limit: int = 100, offset: int = 0
) -> list[Job]:
    """Return the newest jobs an account may see, in ``states`` if any are given."""
    statement = visible_to(account_id, is_admin=is_admin)
    if states:
        statement = statement.where(Job.state.in_(states))
    return list(db.session.scalars(statement.limit(limit).offset(offset)))


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the list of jobs: after one of them."""

    created_at: datetime
    job_id: str


def page(
    account_id: int,
    *,
    limit: int,
    cursor: Cursor | None = None,
    state: Sequence[str] = (),
    file_name: str = "",
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> list[Job]:
    """Return the newest jobs of an account after a cursor that match all filters given."""
    statement = visible_to(account_id).order_by(Job.id.desc())
    if cursor is not None:
        same_moment = (Job.created_at == cursor.created_at) & (Job.id < cursor.job_id)
        statement = statement.where((Job.created_at < cursor.created_at) | same_moment)
    if state:
        statement = statement.where(Job.state.in_([JobState(one) for one in state]))
    if file_name:
        statement = statement.join(Job.upload).where(Upload.name.icontains(file_name, autoescape=True))
    if created_after is not None:
        statement = statement.where(Job.created_at >= created_after)
    if created_before is not None:
        statement = statement.where(Job.created_at < created_before)
    return list(db.session.scalars(statement.limit(limit)))


def bad_rows(job: Job) -> list[dict[str, Any]]:
    """Return the first SHOWN_BAD_ROWS rows that a job could not read, as its summary holds them."""
    found: list[dict[str, Any]] = (job.summary or {}).get("rejected") or []
    return found[:SHOWN_BAD_ROWS]


def ahead_of(job: Job) -> int:
    """Count the jobs of the same queue that run or were queued earlier."""
    before = (Job.state == JobState.RUNNING) | ((Job.state == JobState.QUEUED) & (Job.created_at < job.created_at))
    return db.session.scalar(select(func.count()).where(Job.queue == job.queue, before)) or 0


def latest_run(upload_id: str) -> str:
    """Return the id of the newest job over an upload, or an empty string if there is none."""
    statement = select(Job.id).where(Job.upload_id == upload_id).order_by(Job.created_at.desc(), Job.id.desc())
    return db.session.scalar(statement.limit(1)) or ""


def run_again(
    job: Job,
    options: JobOptions,
    request_key: str | None = None,
    webhook_url: str | None = None,
    quota_bytes: int | None = None,
) -> Job:
    """Create a job over the same upload with other options and its own webhook; the caller enqueues it.

    Sending the file again leads to the new job, unless another job holds the ``same_file_key`` already.

    Raises:
        UploadGoneError: the upload was removed meanwhile.
        KeyUsedError: the account has a job with the same ``request_key``.
        RunOverQuotaError: the quota is used up, or will be once the other runs of the account are done.
    """
    keys = _keys_of(job, request_key)
    try:
        keys.refuse_if_request_used()
        quota.reserve_run(job.owner_id, quota_bytes)
        try:
            return _insert_run(job, options, keys.same_file, keys.request, webhook_url)
        except IntegrityError:
            db.session.rollback()  # which also releases the lock of the quota
            keys.refuse_if_request_used()
            quota.reserve_run(job.owner_id, quota_bytes)
            return _insert_run(job, options, None, keys.request, webhook_url)
    except (IntegrityError, ObjectDeletedError) as error:
        db.session.rollback()
        keys.refuse_if_request_used()  # a concurrent request with the same key may have won
        raise UploadGoneError from error


def _keys_of(job: Job, request_key: str | None) -> Keys:
    try:
        return Keys.of(job.owner_id, job.upload.sha256, request_key)
    except ObjectDeletedError as error:
        raise UploadGoneError from error


def _insert_run(
    job: Job, options: JobOptions, same_file_key: str | None, request_key: str | None, webhook_url: str | None
) -> Job:
    again = Job(
        owner_id=job.owner_id,
        upload_id=job.upload_id,
        state=JobState.QUEUED,
        queue=queue_for(job.upload.bytes),
        options=options.to_json(),
        same_file_key=same_file_key,
        request_key=request_key,
        webhook=None if webhook_url is None else Webhook(url=webhook_url),
    )
    db.session.add(again)
    db.session.commit()
    return again


def cancel(job_id: str, keep_until: datetime) -> bool:
    """Cancel an unfinished job; its worker notices at its next write. False if the job had ended already."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state.in_(UNFINISHED))
        .values(state=JobState.CANCELLED, ended_at=now(), lease_until=None, same_file_key=None, keep_until=keep_until)
        .returning(Job.id)
    )
    changed = db.session.scalar(statement) is not None
    if changed:
        counters.add(counters.ENDED, JobState.CANCELLED.value)
    db.session.commit()
    return changed


def remove(files: Files, job_id: str) -> bool:
    """Remove a job, its parts and files, and its upload unless another job needs it; idempotent.

    The rows go first: a worker that still runs the job finds no row at its next write, stops and
    removes its own folders. Returns False if another job still needs the upload.
    """
    job = db.session.get(Job, job_id)
    if job is None:
        return True
    upload_id = job.upload_id
    db.session.execute(delete(Job).where(Job.id == job_id))
    shared = db.session.scalar(select(Job.id).where(Job.upload_id == upload_id).limit(1))
    if shared is None:
        db.session.execute(delete(Upload).where(Upload.id == upload_id))
    db.session.commit()
    files.remove_job(job_id)
    if shared is None:
        files.remove_upload(upload_id)
    return shared is None


def keep_until(keep_days: int) -> datetime:
    """Return when the files of a job that ends now are to be removed."""
    return now() + timedelta(days=keep_days)
