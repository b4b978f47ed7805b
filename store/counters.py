"""Counts since ever, kept in the database: they outlive every process and are the same from every process.

Add to them inside the transaction that changes a job, so that both happen or neither, and once in a transaction:
their rows are locked until its commit, all in the same order, so no two transactions wait for each other in a ring.
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
ATTEMPTS = "attempts_ended_early"  # by what became of them: see below
STEP_SECONDS = "step_seconds"  # of jobs that are done, by step
ROWS = "rows_read"  # of jobs that are done
PARTS = "parts"
PART_BYTES = "part_bytes"
WEBHOOK_TRIES = "webhook_tries"  # by what came of them: DELIVERED and GIVEN_UP of store.webhooks, or the one below

CRASHED = "crashed"  # its worker died
RETRIED = "retried"  # the job was queued again, after a crash or a stop
TRY_FAILED = "failed"  # another try of the webhook follows

Amounts = dict[tuple[str, str], float]  # (name, label) -> what is added
_LONGEST = 80  # characters of a name or label


def add(name: str, label: str = "", value: float = 1) -> None:
    """Add to one counter, in the present transaction of the session."""
    add_all({(name, label): value})


def add_all(amounts: Amounts) -> None:
    """Add to several counters, in the present transaction of the session."""
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
    """What an accepted upload counts."""
    return {(UPLOADS, ""): 1, (UPLOAD_BYTES, ""): received_bytes}


def of_done(summary: Mapping[str, Any], part_bytes: list[int]) -> Amounts:
    """What a job that is done counts: its report, and the sizes of its parts."""
    seconds = {(STEP_SECONDS, str(step)): float(spent) for step, spent in summary.get("seconds", {}).items()}
    return seconds | {
        (ENDED, JobState.DONE.value): 1,
        (ROWS, ""): summary["rows_read"],
        (PARTS, ""): len(part_bytes),
        (PART_BYTES, ""): sum(part_bytes),
    }


def of_failure(error: Mapping[str, Any]) -> Amounts:
    """What a job that failed counts."""
    return {(ENDED, JobState.FAILED.value): 1, (FAILED, str(error["code"])): 1}


def of_attempt(outcome: str) -> Amounts:
    """What an attempt counts that ended without an end of its job: CRASHED or RETRIED."""
    return {(ATTEMPTS, outcome): 1}


def of_webhook_try(outcome: str) -> Amounts:
    """What a try to deliver a webhook counts."""
    return {(WEBHOOK_TRIES, outcome): 1}


def values(connection: Connection) -> dict[tuple[str, str], float]:
    """All counters by (name, label); one that was never added to is not there."""
    rows = connection.execute(select(Counter.name, Counter.label, Counter.value))
    return {(name, label): value for name, label, value in rows}
