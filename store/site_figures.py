"""Figures about the whole site, for monitoring: read-only queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from store import counters, leader_lease
from store.database import now
from store.models import Job, LeaderLease, Part, Upload
from store.queues import QUEUES
from store.states import JobState


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The queued jobs of a queue."""

    jobs: int
    oldest_seconds: float  # since its upload arrived; 0 if none is queued


@dataclass(frozen=True, slots=True)
class Turn:
    """The last turn of the reconciler."""

    seconds_ago: float
    number: int  # turns so far


@dataclass(frozen=True, slots=True)
class Figures:
    """The site at one moment."""

    jobs: Mapping[JobState, int]  # every state, including those without jobs
    waiting: Mapping[str, QueueFigures]  # by queue
    counts: Mapping[tuple[str, str], float]  # see store.counters
    upload_bytes: int  # of uploads that are still kept
    result_bytes: int  # of parts and lists of skipped rows that are still kept
    turn: Turn | None  # None: no reconciler has run yet


def read(connection: Connection) -> Figures:
    """Read all figures; raise SQLAlchemyError if the database is unavailable."""
    jobs: dict[JobState, int] = dict.fromkeys(JobState, 0)
    waiting = dict.fromkeys(QUEUES, QueueFigures(0, 0.0))
    grouped = select(Job.state, Job.queue, func.count(), func.min(Job.created_at)).group_by(Job.state, Job.queue)
    for state, queue, count, oldest in connection.execute(grouped):
        jobs[state] += count
        if state is JobState.QUEUED:
            waiting[queue] = QueueFigures(count, _seconds_since(oldest))
    kept = select(Job.upload_id).where(Job.state != JobState.EXPIRED)
    published = select(Job.id).where(Job.state == JobState.DONE)
    return Figures(
        jobs=jobs,
        waiting=waiting,
        counts=counters.values(connection),
        upload_bytes=_sum(connection, Upload.bytes, Upload.id.in_(kept)),
        result_bytes=_sum(connection, Part.bytes, Part.job_id.in_(published))
        + _sum(connection, Job.rejected_bytes, Job.state == JobState.DONE),
        turn=last_turn(connection),
    )


def last_turn(connection: Connection) -> Turn | None:
    """Return the last turn of the reconciler; raise SQLAlchemyError if the database is unavailable."""
    row = connection.execute(
        select(LeaderLease.turned_at, LeaderLease.turns).where(LeaderLease.name == leader_lease.RECONCILER)
    ).one_or_none()
    return None if row is None else Turn(_seconds_since(row.turned_at), row.turns)


def _sum(connection: Connection, column: InstrumentedAttribute[int], where: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.coalesce(func.sum(column), 0)).where(where)) or 0)


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (now() - moment).total_seconds())  # clocks of two machines may differ a little
