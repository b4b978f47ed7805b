"""How many bytes an account keeps here, and how many it may."""

from __future__ import annotations

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import aliased

from store.database import db
from store.models import Account, Job, Part, Resumable, Upload
from store.states import UNFINISHED, JobState


class OverQuotaError(Exception):
    """The account would keep more than it may."""


class RunOverQuotaError(OverQuotaError):
    """The same, of a file that is here already and was to be run again."""


def reserve(account_id: int, quota: int | None, more_bytes: int, besides: str | None = None) -> None:
    """Make sure, within the caller's transaction, that the account may keep ``more_bytes`` more.

    Other reservations for the account wait until that transaction is over. Raises OverQuotaError.
    """
    if quota is None:
        return
    _wait_for_turn(account_id)
    if used_bytes(account_id, besides) + more_bytes > quota:
        db.session.rollback()
        raise OverQuotaError


def reserve_run(account_id: int, quota: int | None) -> None:
    """The same for one more run over a file that is here, of which nobody knows yet what it will come to.

    Those that wait or run are taken to come to as much as their files. Raises RunOverQuotaError.
    """
    if quota is None:
        return
    _wait_for_turn(account_id)
    if used_bytes(account_id) + _bytes_of_runs(account_id) >= quota:
        db.session.rollback()
        raise RunOverQuotaError


def _wait_for_turn(account_id: int) -> None:
    # A write that changes nothing: it takes the account's row on PostgreSQL, and the database on SQLite.
    ours = update(Account).where(Account.id == account_id).values(username=Account.username)
    db.session.execute(ours.execution_options(synchronize_session=False))


def _bytes_of_runs(account_id: int) -> int:
    """The bytes of the files that are to be run again, or are running, each as often as it is."""
    before = aliased(Job)
    is_run_again = exists().where(before.upload_id == Job.upload_id, before.created_at < Job.created_at)
    runs = select(func.sum(Upload.bytes)).join(Job, Job.upload_id == Upload.id)
    mine = runs.where(Job.owner_id == account_id, Job.state.in_(UNFINISHED), is_run_again)
    return int(db.session.scalar(mine) or 0)


def used_bytes(account_id: int, besides: str | None = None) -> int:
    """The bytes of an account's files: what it sent and what came of it, as long as they are kept.

    An upload that arrives in pieces counts with all its bytes from the beginning, unless it is the one to leave out.
    """
    is_kept = exists().where(Job.upload_id == Upload.id, Job.state != JobState.EXPIRED)
    sent = select(func.sum(Upload.bytes)).where(Upload.owner_id == account_id, is_kept)
    is_done = (Job.owner_id == account_id) & (Job.state == JobState.DONE)
    totals = select(func.sum(Part.bytes)).join(Job).where(is_done)
    rejected = select(func.sum(Job.rejected_bytes)).where(is_done)
    has_upload = exists().where(Upload.id == Resumable.id)  # while its job is made it is there as both
    arriving = select(func.sum(func.coalesce(Resumable.bytes, Resumable.arrived))).where(
        Resumable.owner_id == account_id, Resumable.job_id.is_(None), Resumable.id != (besides or ""), ~has_upload
    )
    return sum(int(db.session.scalar(one) or 0) for one in (sent, totals, rejected, arriving))


def room(account_id: int, quota: int | None, besides: str | None = None) -> int | None:
    """How many bytes an account may still send, 0 where it has too many already; None: as many as the disk takes."""
    return None if quota is None else max(quota - used_bytes(account_id, besides), 0)
