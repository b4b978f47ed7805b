"""Recording how an attempt ended, although the database may be away for a moment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError

from store.database import db

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds; an hour's work is worth a minute of patience

_log = logging.getLogger(__name__)


def with_retries(write: Callable[[], None], pauses: tuple[float, ...] = PAUSES) -> None:
    """Do one transaction, again after each pause while the database is away.

    A commit whose answer was lost may have happened: the write must be one that is refused the second time.
    """
    for pause in pauses:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            db.session.remove()
            _log.warning("the database is away (%s); trying again in %s seconds", error.orig, pause)
            time.sleep(pause)
    return write()
