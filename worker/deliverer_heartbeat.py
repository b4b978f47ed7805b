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
    """Record that this host's deliverer is at work; raises SQLAlchemyError when the database is away."""
    leader_lease.acquire(_name(), socket.gethostname()[:64], leader_lease.read(_name()))


def is_beating() -> bool:
    """Tell whether this host's deliverer is at work; raises SQLAlchemyError when the database is away."""
    last = leader_lease.read(_name()).turned_at
    return last is not None and last >= now() - LONGEST_SILENCE


def end() -> None:
    """Record that this host's deliverer has stopped; raises SQLAlchemyError when the database is away."""
    leader_lease.remove(_name())


def _name() -> str:
    # Hosts may share the first part of a long name, so the name of the row has a digest of all of it.
    return f"webhooks:{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]}"
