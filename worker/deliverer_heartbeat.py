"""Heartbeat of the webhook deliverer: one row for each host, in the table of leases.

It is written and read on the same host, so no two clocks are compared.
"""

from __future__ import annotations

import hashlib
import socket
from datetime import timedelta

from store import leader_lease
from store.database import now

SECONDS_BETWEEN_BEATS = 10
LONGEST_SILENCE = timedelta(seconds=45)


def beat() -> None:
    """Record a heartbeat of this host's deliverer; raise SQLAlchemyError if the database is unavailable."""
    leader_lease.acquire(_name(), socket.gethostname()[:64], leader_lease.read(_name()))


def is_beating() -> bool:
    """Tell whether this host's deliverer is alive; raise SQLAlchemyError if the database is unavailable."""
    last = leader_lease.read(_name()).turned_at
    return last is not None and last >= now() - LONGEST_SILENCE


def end() -> None:
    """Remove the heartbeat of this host's deliverer; raise SQLAlchemyError if the database is unavailable."""
    leader_lease.remove(_name())


def _name() -> str:
    # A digest, since long host names may differ only beyond the width of the column.
    return f"webhooks:{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]}"
