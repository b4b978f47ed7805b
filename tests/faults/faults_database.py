"""The database locked by somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import NullPool, create_engine, text

from tests.faults.fault import Fault
from tests.faults.trial import Trial


def faults() -> Iterator[Fault]:
    """While files are sent and added up; whoever asks may be told to come again."""
    yield Fault("database locked", locked, allowed=frozenset({503}))


def locked(trial: Trial) -> None:
    """Nobody can write, on PostgreSQL not even read."""
    trial.send()
    trial.wait_for_accepted(0.25)
    engine = create_engine(trial.site.settings.database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("begin exclusive"))
        else:
            connection.execute(text("begin"))
            connection.execute(text("lock table job in access exclusive mode"))
        time.sleep(trial.site.conditions.lock_seconds)
        connection.execute(text("rollback"))
    trial.struck()
    trial.wait_for_ends()
