"""Retries with backoff, for recording the outcome of an attempt while the database is unavailable."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError

from store.database import db

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds; the result of an hour is worth waiting a minute

_log = logging.getLogger(__name__)


def with_retries(write: Callable[[], None], pauses: tuple[float, ...] = PAUSES) -> None:
    """Run a transaction, and again after each pause while the database is unavailable.

    A commit whose answer was lost may have taken effect, so the write must be one that is refused the second time.
    """
    for pause in pauses:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            db.session.remove()
            _log.warning("database unavailable (%s); retrying in %s seconds", error.orig, pause)
            time.sleep(pause)
    return write()
