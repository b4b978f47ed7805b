"""Leader election: one process at a time holds a named lease, kept in the database.

Clocks of different machines are never compared: a process takes a lease over if it has watched its count of turns
stand still for long enough. Two leaders at once do no harm, since all their writes are fenced; the lease only saves
doing the work twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.exc import IntegrityError

from store.database import db, now
from store.models import LeaderLease

RECONCILER = "reconciler"
NOBODY = ""


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The holder of a lease, and how often it was acquired or renewed."""

    holder: str
    turns: int
    turned_at: datetime | None


def read(name: str) -> LeaseState:
    """Return the state of a lease; its holder is NOBODY if it was never acquired or was released."""
    lease = db.session.get(LeaderLease, name)
    found = LeaseState(NOBODY, 0, None) if lease is None else LeaseState(lease.holder, lease.turns, lease.turned_at)
    db.session.rollback()
    return found


def acquire(name: str, holder: str, seen: LeaseState) -> bool:
    """Acquire or renew a lease by compare-and-set; False if its state is no longer ``seen``."""
    if seen.turned_at is None:
        db.session.add(LeaderLease(name=name, holder=holder, turns=1))
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            return False
        return True
    as_seen = (LeaderLease.name == name) & (LeaderLease.holder == seen.holder) & (LeaderLease.turns == seen.turns)
    result = db.session.execute(
        update(LeaderLease).where(as_seen).values(holder=holder, turns=seen.turns + 1, turned_at=now()),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(result, CursorResult)
    db.session.commit()
    return result.rowcount == 1


def release(name: str, holder: str) -> None:
    """Release the lease if ``holder`` has it, so that another process can acquire it at once."""
    db.session.execute(
        update(LeaderLease).where(LeaderLease.name == name, LeaderLease.holder == holder).values(holder=NOBODY)
    )
    db.session.commit()


def remove(name: str) -> None:
    """Delete the row of a lease, if it exists."""
    db.session.execute(delete(LeaderLease).where(LeaderLease.name == name))
    db.session.commit()
