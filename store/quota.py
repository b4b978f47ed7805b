"""Quotas: how many bytes an account stores, and how many it may."""

from __future__ import annotations

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import aliased

from store.database import db
from store.models import Account, Job, Part, Resumable, Upload
from store.states import UNFINISHED, JobState


class OverQuotaError(Exception):
    """The account would exceed its quota."""


class RunOverQuotaError(OverQuotaError):
    """The quota leaves no room for another run over an upload that is stored already."""


def reserve(account_id: int, quota: int | None, more_bytes: int, besides: str | None = None) -> None:
    """Check, within the caller's transaction, that the account may store ``more_bytes`` more.

    Concurrent reservations for the account wait until that transaction ends. ``besides`` is an arriving upload to leave
    out. Raises OverQuotaError.
    """
    if quota is None:
        return
    _wait_for_turn(account_id)
    if used_bytes(account_id, besides) + more_bytes > quota:
        db.session.rollback()
        raise OverQuotaError


def reserve_run(account_id: int, quota: int | None) -> None:
    """Check that the account may run once more over an upload, though the size of the results is unknown.

    Unfinished runs count with the size of their uploads. Raises RunOverQuotaError.
    """
    if quota is None:
        return
    _wait_for_turn(account_id)
    if used_bytes(account_id) + _bytes_of_runs(account_id) >= quota:
        db.session.rollback()
        raise RunOverQuotaError


def _wait_for_turn(account_id: int) -> None:
    # A write that changes nothing: it locks the row on PostgreSQL, and the database on SQLite.
    ours = update(Account).where(Account.id == account_id).values(username=Account.username)
    db.session.execute(ours.execution_options(synchronize_session=False))


def _bytes_of_runs(account_id: int) -> int:
    """Return the bytes of the uploads of unfinished repeated runs, each counted once per run."""
    before = aliased(Job)
    is_run_again = exists().where(before.upload_id == Job.upload_id, before.created_at < Job.created_at)
    runs = select(func.sum(Upload.bytes)).join(Job, Job.upload_id == Upload.id)
    mine = runs.where(Job.owner_id == account_id, Job.state.in_(UNFINISHED), is_run_again)
    return int(db.session.scalar(mine) or 0)


def used_bytes(account_id: int, besides: str | None = None) -> int:
    """Return the bytes that an account stores: its uploads and their results.

    A resumable upload counts with its full size from the beginning, unless its id is ``besides``.
    """
    is_kept = exists().where(Job.upload_id == Upload.id, Job.state != JobState.EXPIRED)
    sent = select(func.sum(Upload.bytes)).where(Upload.owner_id == account_id, is_kept)
    is_done = (Job.owner_id == account_id) & (Job.state == JobState.DONE)
    totals = select(func.sum(Part.bytes)).join(Job).where(is_done)
    rejected = select(func.sum(Job.rejected_bytes)).where(is_done)
    has_upload = exists().where(Upload.id == Resumable.id)  # while its job is created, it is in both tables
    arriving = select(func.sum(func.coalesce(Resumable.bytes, Resumable.arrived))).where(
        Resumable.owner_id == account_id, Resumable.job_id.is_(None), Resumable.id != (besides or ""), ~has_upload
    )
    return sum(int(db.session.scalar(one) or 0) for one in (sent, totals, rejected, arriving))


def room(account_id: int, quota: int | None, besides: str | None = None) -> int | None:
    """Return the bytes an account may still send, at least 0; None if it has no quota."""
    return None if quota is None else max(quota - used_bytes(account_id, besides), 0)
