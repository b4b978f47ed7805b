"""Counters over the whole life of a site, kept in the database and shared by all processes.

Add to them in the transaction that changes a job, so that both happen or neither, and once per transaction: their
rows are locked until its commit, always in the same order, so that transactions cannot deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from store.database import db
from store.models import Counter
from store.states import JobState

UPLOADS = "uploads"
UPLOAD_BYTES = "upload_bytes"
ENDED = "jobs_ended"  # by state
FAILED = "jobs_failed"  # by code of the error
ATTEMPTS = "attempts_ended_early"  # by outcome: see below
STEP_SECONDS = "step_seconds"  # of jobs that are done, by step
ROWS = "rows_read"  # of jobs that are done
PARTS = "parts"
PART_BYTES = "part_bytes"
WEBHOOK_TRIES = "webhook_tries"  # by outcome: DELIVERED and GIVEN_UP of store.webhooks, or TRY_FAILED

CRASHED = "crashed"  # its worker crashed
RETRIED = "retried"  # the job was queued again, after a crash or a stop
TRY_FAILED = "failed"  # the webhook will be retried

Amounts = dict[tuple[str, str], float]  # (name, label) -> increment
_LONGEST = 80  # characters of a name or label


def add(name: str, label: str = "", value: float = 1) -> None:
    """Add to one counter, in the current transaction."""
    add_all({(name, label): value})


def add_all(amounts: Amounts) -> None:
    """Add to several counters, in the current transaction."""
    if not amounts:
        return
    rows = [
        {"name": name, "label": label[:_LONGEST], "value": float(value)}
        for (name, label), value in sorted(amounts.items())
    ]
    insert = postgresql.insert if db.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = Counter.__table__
    statement: Any = insert(table)  # type: ignore[arg-type]
    grown = {"value": table.c.value + statement.excluded.value}
    db.session.execute(statement.on_conflict_do_update(index_elements=["name", "label"], set_=grown), rows)


def of_upload(received_bytes: int) -> Amounts:
    """Return the increments for an accepted upload."""
    return {(UPLOADS, ""): 1, (UPLOAD_BYTES, ""): received_bytes}


def of_done(summary: Mapping[str, Any], part_bytes: list[int]) -> Amounts:
    """Return the increments for a job that is done, from its summary and the sizes of its parts."""
    seconds = {(STEP_SECONDS, str(step)): float(spent) for step, spent in summary.get("seconds", {}).items()}
    return seconds | {
        (ENDED, JobState.DONE.value): 1,
        (ROWS, ""): summary["rows_read"],
        (PARTS, ""): len(part_bytes),
        (PART_BYTES, ""): sum(part_bytes),
    }


def of_failure(error: Mapping[str, Any]) -> Amounts:
    """Return the increments for a failed job."""
    return {(ENDED, JobState.FAILED.value): 1, (FAILED, str(error["code"])): 1}


def of_attempt(outcome: str) -> Amounts:
    """Return the increments for an attempt that ended before its job: CRASHED or RETRIED."""
    return {(ATTEMPTS, outcome): 1}


def of_webhook_try(outcome: str) -> Amounts:
    """Return the increments for one try to deliver a webhook."""
    return {(WEBHOOK_TRIES, outcome): 1}


def values(connection: Connection) -> dict[tuple[str, str], float]:
    """Return all counters by (name, label); those never added to are missing."""
    rows = connection.execute(select(Counter.name, Counter.label, Counter.value))
    return {(name, label): value for name, label, value in rows}
