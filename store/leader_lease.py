"""Duties that one process at a time does for all, by a lease in the database.

No clock is compared with another: whoever wants a duty takes it over when its turns have not grown for a while of its
own watching. Two holders at once do no harm, since all that they do is fenced; the lease only spares the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError

from store.database import db, now
from store.models import Duty

RECONCILER = "reconciler"
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Tenure:
    """Who holds a duty, and how many turns it has seen."""

    holder: str
    turns: int
    turned_at: datetime | None


def look_at(name: str) -> Tenure:
    """How a duty stands; NOBODY where nobody has ever had it, or its holder gave it back."""
    duty = db.session.get(Duty, name)
    found = Tenure(NOBODY, 0, None) if duty is None else Tenure(duty.holder, duty.turns, duty.turned_at)
    db.session.rollback()
    return found


def take(name: str, holder: str, seen: Tenure) -> bool:
    """Take the duty, or take another turn at it; False when it does not stand as ``seen`` any more."""
    if seen.turned_at is None:
        db.session.add(Duty(name=name, holder=holder, turns=1))
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            return False
        return True
    as_seen = (Duty.name == name) & (Duty.holder == seen.holder) & (Duty.turns == seen.turns)
    result = db.session.execute(
        update(Duty).where(as_seen).values(holder=holder, turns=seen.turns + 1, turned_at=now()),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(result, CursorResult)
    db.session.commit()
    return result.rowcount == 1


def give_back(name: str, holder: str) -> None:
    """Let the next one take the duty at once; nothing happens where another one holds it."""
    db.session.execute(update(Duty).where(Duty.name == name, Duty.holder == holder).values(holder=NOBODY))
    db.session.commit()
