"""How many bytes an account keeps here, and how many it may."""

from __future__ import annotations

from sqlalchemy import exists, func, select

from store.database import db
from store.models import Job, Part, Resumable, Upload
from store.states import JobState


def used_bytes(account_id: int, besides: str | None = None) -> int:
    """The bytes of an account's files: what it sent and what came of it, as long as they are kept.

    An upload that arrives in pieces counts with all its bytes from the beginning, unless it is the one to leave out.
    """
    is_kept = exists().where(Job.upload_id == Upload.id, Job.state != JobState.EXPIRED)
    sent = select(func.sum(Upload.bytes)).where(Upload.owner_id == account_id, is_kept)
    totals = select(func.sum(Part.bytes)).join(Job).where(Job.owner_id == account_id, Job.state == JobState.DONE)
    arriving = select(func.sum(func.coalesce(Resumable.bytes, Resumable.arrived))).where(
        Resumable.owner_id == account_id, Resumable.job_id.is_(None), Resumable.id != (besides or "")
    )
    return sum(int(db.session.scalar(one) or 0) for one in (sent, totals, arriving))


def room(account_id: int, quota: int | None, besides: str | None = None) -> int | None:
    """How many bytes an account may still send, 0 where it has too many already; None: as many as the disk takes."""
    return None if quota is None else max(quota - used_bytes(account_id, besides), 0)
