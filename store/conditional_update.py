"""Compare-and-set: update a row only if it is still in the expected state, so that one of several processes wins."""

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
    """Update the row that matches and add ``counts`` to the counters; if none matches, do nothing and return False."""
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
