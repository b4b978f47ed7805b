"""Changing a row only where it is still as one believes: what keeps two processes from both doing a thing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, update

from store import counters
from store.database import Base, db


def change(
    model: type[Base],
    where: ColumnElement[bool],
    *,
    commit: bool = True,
    counts: counters.Amounts | None = None,
    **values: Any,
) -> bool:
    """Update the one row that matches, and count that; False when none does, and then nothing is changed."""
    statement = update(model).where(where).values(**values).execution_options(synchronize_session=False)
    result = db.session.execute(statement)
    assert isinstance(result, CursorResult)
    if result.rowcount == 0:
        db.session.rollback()
        return False
    counters.add_all(counts or {})
    if commit:
        db.session.commit()
    return True
