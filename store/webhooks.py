"""The outbox of webhooks: rows, due once their job has ended, claimed for one try at a time.

Each function is one transaction. A row is inserted in the transaction that creates its job, so no end of a job goes
unreported. Delivery is at least once: a try whose process died may have arrived, and is repeated with the same
webhook-id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.sql.elements import ColumnElement

from store import counters, signing
from store.conditional_update import change
from store.database import db, now, written
from store.models import Account, Job, Webhook
from store.states import STATES, JobState

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given_up"
STATES_OF_WEBHOOKS = (WAITING, DELIVERED, GIVEN_UP)
TOTALS = ("rows_read", "rows_used", "bad_rows", "plays", "groups")
# Backoff: the second try comes 5 seconds after the first has failed, and so on, as Standard Webhooks recommends.
WAITS = tuple(
    timedelta(**{unit: count})
    for unit, count in (
        ("seconds", 5),
        ("minutes", 5),
        ("minutes", 30),
        ("hours", 2),
        ("hours", 5),
        ("hours", 10),
        ("hours", 14),
        ("hours", 20),
        ("hours", 24),
    )
)
LONGEST_WAIT = max(WAITS)
LONGEST_TRY = timedelta(seconds=60)  # after which a try without a recorded outcome is repeated
CANDIDATES = 20  # tries that one query of the outbox returns; several, since others may claim the first
_LONGEST_PROBLEM = 300  # characters
_ENDS = tuple(state for state, facts in STATES.items() if facts.is_final)


@dataclass(frozen=True, slots=True)
class Due:
    """A try that is due."""

    webhook_id: str
    tries: int  # made before


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed try, with all that it takes."""

    webhook_id: str
    job_id: str
    tries: int  # this one included
    url: str
    secret: str = field(repr=False)
    event: dict[str, Any] = field(repr=False)  # the same at every try; its error still without a sentence


def due(limit: int) -> list[Due]:
    """Return the tries that are due, the longest overdue first."""
    statement = (
        select(Webhook.id, Webhook.tries)
        .join(Job, Webhook.job_id == Job.id)
        .where(Webhook.next_try_at <= now(), Job.state.in_(_ENDS))
        .order_by(Webhook.next_try_at, Webhook.id)
        .limit(limit)
    )
    rows = db.session.execute(statement).all()
    db.session.rollback()
    return [Due(*row) for row in rows]


def claim_due() -> Delivery | None:
    """Claim the try that has been due the longest; None when none is due.

    Several deliverers may ask at once: compare-and-set gives each try to one of them.
    """
    while candidates := due(CANDIDATES):
        for one in candidates:
            delivery = claim_try(one.webhook_id, one.tries)
            if delivery is not None:
                return delivery
    return None


def claim_try(webhook_id: str, tries: int) -> Delivery | None:
    """Claim the try that follows ``tries`` others; None when it is already claimed, over, or its job is gone."""
    has_ended = select(Job.id).where(Job.id == Webhook.job_id, Job.state.in_(_ENDS)).exists()
    taken = (Webhook.id == webhook_id) & (Webhook.tries == tries) & Webhook.next_try_at.is_not(None) & has_ended
    if not change(Webhook, taken, tries=tries + 1, next_try_at=now() + LONGEST_TRY):
        return None
    hook = db.session.get(Webhook, webhook_id, populate_existing=True)
    if hook is None:
        return None
    job_id, owner_id, url, event = hook.job_id, hook.job.owner_id, hook.url, _event(hook.job)
    db.session.rollback()
    return Delivery(webhook_id, job_id, tries + 1, url, secret_of(owner_id), event)


def record_delivered(delivery: Delivery) -> bool:
    """Record a delivery, whichever try it was; False if one is recorded already or the job is gone."""
    open_one = (Webhook.id == delivery.webhook_id) & Webhook.delivered_at.is_(None)
    counts = counters.of_webhook_try(DELIVERED)
    return change(Webhook, open_one, counts=counts, delivered_at=now(), next_try_at=None, last_problem=None)


def record_failed(delivery: Delivery, problem: str, *, wait_seconds: float = 0, is_last: bool = False) -> str | None:
    """Record why a try failed; return WAITING (for the next one) or GIVEN_UP, or None if another try was claimed.

    ``wait_seconds`` is how long the receiver asked us to wait (Retry-After).
    """
    is_last = is_last or delivery.tries > len(WAITS)
    if is_last:
        next_try_at = None
    else:
        asked = timedelta(seconds=min(wait_seconds, LONGEST_WAIT.total_seconds()))
        next_try_at = now() + max(WAITS[delivery.tries - 1], asked)
    ours = (Webhook.id == delivery.webhook_id) & (Webhook.tries == delivery.tries) & Webhook.next_try_at.is_not(None)
    counts = counters.of_webhook_try(GIVEN_UP if is_last else counters.TRY_FAILED)
    if not change(Webhook, ours, counts=counts, next_try_at=next_try_at, last_problem=problem[:_LONGEST_PROBLEM]):
        return None
    return GIVEN_UP if is_last else WAITING


def state_of(hook: Webhook) -> str:
    """Return WAITING (for the job's end or the next try), DELIVERED or GIVEN_UP."""
    if hook.delivered_at is not None:
        return DELIVERED
    return GIVEN_UP if hook.next_try_at is None else WAITING


def secret_of(account_id: int) -> str:
    """Return the secret that signs an account's webhooks, generated on first use."""
    wanted = select(Account.webhook_secret).where(Account.id == account_id)
    found = db.session.scalar(wanted)
    if found is None:
        none_yet = (Account.id == account_id) & Account.webhook_secret.is_(None)
        _set_secret(none_yet)  # of concurrent calls the first one wins
        found = db.session.scalar(wanted)
        assert found is not None
    db.session.rollback()
    return found


def make_new_secret(account_id: int) -> None:
    """Replace the signing secret of an account; the old one is no longer used."""
    _set_secret(Account.id == account_id)


def _set_secret(where: ColumnElement[bool]) -> None:
    secret = signing.new_secret()
    statement = update(Account).where(where).values(webhook_secret=secret)
    db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.commit()


def _event(job: Job) -> dict[str, Any]:
    """Return the body of the webhook, but for the sentence of an error."""
    ended_as, summary = _ended_as(job), job.summary or {}
    return {
        "type": f"job.{ended_as}",
        "timestamp": written(job.ended_at or job.created_at),
        "data": {
            "id": job.id,
            "state": ended_as,
            "file_name": job.upload.name,
            "totals": {name: summary.get(name) for name in TOTALS},
            "error": job.error,
        },
    }


def _ended_as(job: Job) -> str:
    """Return how the job ended, even if its files have expired since."""
    if job.state is not JobState.EXPIRED:
        return job.state.value
    if job.error is not None:
        return JobState.FAILED.value
    return (JobState.CANCELLED if job.summary is None else JobState.DONE).value
