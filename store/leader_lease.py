"""Duties that one process at a time does for all, by a lease in the database.

No clock is compared with another: whoever wants a lease takes it over when its turns have not grown for a while of its
own watching. Two holders at once do no harm, since all that they do is fenced; the lease only spares the work.
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
class Tenure:
    """Who holds a lease, and how many turns it has seen."""

    holder: str
    turns: int
    turned_at: datetime | None


def look_at(name: str) -> Tenure:
    """How a lease stands; NOBODY where nobody has ever had it, or its holder gave it back."""
    lease = db.session.get(LeaderLease, name)
    found = Tenure(NOBODY, 0, None) if lease is None else Tenure(lease.holder, lease.turns, lease.turned_at)
    db.session.rollback()
    return found


def take(name: str, holder: str, seen: Tenure) -> bool:
    """Take the lease, or take another turn at it; False when it does not stand as ``seen`` any more."""
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


def give_back(name: str, holder: str) -> None:
    """Let the next one take the lease at once; nothing happens where another one holds it."""
    db.session.execute(
        update(LeaderLease).where(LeaderLease.name == name, LeaderLease.holder == holder).values(holder=NOBODY)
    )
    db.session.commit()


def remove(name: str) -> None:
    """Remove a lease that nobody will hold again; nothing happens where there is none."""
    db.session.execute(delete(LeaderLease).where(LeaderLease.name == name))
    db.session.commit()
