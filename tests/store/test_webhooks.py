"""Webhooks as rows: made with their job, due at its end, claimed once, tried again for three days."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from store import accept_upload, counters, jobs, signing, webhooks
from store.database import db, now
from store.files import Files
from store.models import Account, Job, Webhook
from store.options import JobOptions
from store.states import JobState
from store.webhooks import DELIVERED, GIVEN_UP, WAITING
from tests.store.conftest import JobIn, arrived, reread

URL = "https://receiver.example/plays"


@pytest.fixture
def hooked(files: Files, anna: int) -> Job:
    """A queued job of anna's with a webhook."""
    return accept_upload.accept(files, anna, arrived(files), JobOptions(), webhook_url=URL)


def hook_of(job_id: str) -> Webhook:
    hook = reread(job_id).webhook
    assert hook is not None
    return hook


def due() -> list[tuple[str, int]]:
    return [(one.webhook_id, one.tries) for one in webhooks.due(100)]


def end(job: Job) -> str:
    """Cancel the job; gives the id of its webhook."""
    job_id = job.id
    assert jobs.cancel(job_id, jobs.keep_until(30))
    return hook_of(job_id).id


def make_due(webhook_id: str) -> None:
    db.session.get_one(Webhook, webhook_id).next_try_at = now() - timedelta(seconds=1)
    db.session.commit()


def test_a_webhook_is_made_with_its_job_and_waits(hooked: Job) -> None:
    hook = hook_of(hooked.id)
    assert (hook.url, hook.tries, webhooks.state_of(hook)) == (URL, 0, WAITING)
    assert hooked.options == {"bad_rows": "stop"}
    assert due() == []


def test_a_job_without_an_address_has_no_webhook(job: Job) -> None:
    jobs.cancel(job.id, jobs.keep_until(30))
    assert reread(job.id).webhook is None
    assert due() == []


def test_another_run_has_the_webhook_that_it_names(hooked: Job) -> None:
    end(hooked)
    again = jobs.run_again(hooked, JobOptions(), webhook_url=f"{URL}/again")
    silent = jobs.run_again(hooked, JobOptions())
    assert hook_of(again.id).url == f"{URL}/again"
    assert reread(silent.id).webhook is None


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_it_is_due_when_its_job_has_ended_in_whatever_way(job_in: JobIn, state: JobState) -> None:
    job_id = job_in(state, webhook_url=URL)
    assert due() == [(hook_of(job_id).id, 0)]


def test_a_try_is_claimed_by_one_only(hooked: Job) -> None:
    webhook_id = end(hooked)
    delivery = webhooks.claim_try(webhook_id, 0)
    assert delivery is not None
    assert (delivery.webhook_id, delivery.url, delivery.tries) == (webhook_id, URL, 1)
    assert webhooks.claim_try(webhook_id, 0) is None
    assert due() == []


def test_what_has_waited_longest_is_claimed_first(job_in: JobIn) -> None:
    hook_ids = [hook_of(job_in(JobState.DONE, webhook_url=URL)).id for _ in range(3)]
    for minutes, webhook_id in zip((2, 3, 1), hook_ids, strict=True):
        db.session.get_one(Webhook, webhook_id).next_try_at = now() - timedelta(minutes=minutes)
        db.session.commit()
    claimed = [webhooks.claim_due() for _ in range(4)]
    assert [one and one.webhook_id for one in claimed] == [hook_ids[1], hook_ids[0], hook_ids[2], None]


def test_a_webhook_of_a_job_that_goes_on_cannot_be_claimed(hooked: Job) -> None:
    assert webhooks.claim_try(hook_of(hooked.id).id, 0) is None


def test_a_try_that_nobody_ended_is_due_again_after_a_minute(hooked: Job) -> None:
    webhook_id = end(hooked)
    assert webhooks.claim_try(webhook_id, 0)
    until = hook_of(hooked.id).next_try_at
    assert until is not None
    assert timedelta(seconds=50) < until - now() <= timedelta(seconds=60)
    make_due(webhook_id)
    assert due() == [(webhook_id, 1)]
    assert webhooks.claim_try(webhook_id, 1)


def test_what_was_delivered_is_not_due_any_more(hooked: Job) -> None:
    webhook_id = end(hooked)
    delivery = webhooks.claim_try(webhook_id, 0)
    assert delivery is not None
    assert webhooks.record_delivered(delivery)
    hook = hook_of(hooked.id)
    assert (webhooks.state_of(hook), hook.last_problem) == (DELIVERED, None)
    assert hook.delivered_at is not None
    assert webhooks.claim_try(webhook_id, 1) is None
    assert due() == []


def test_the_tries_follow_the_schedule_and_then_it_is_given_up(hooked: Job) -> None:
    webhook_id = end(hooked)
    waits = []
    for tries in range(10):
        make_due(webhook_id)
        delivery = webhooks.claim_try(webhook_id, tries)
        assert delivery is not None
        state = webhooks.record_failed(delivery, "The receiver answered with the code 500.")
        hook = hook_of(hooked.id)
        if hook.next_try_at is not None:
            assert state == WAITING
            waits.append(round((hook.next_try_at - now()).total_seconds()))
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert (state, webhooks.state_of(hook), hook.tries) == (GIVEN_UP, GIVEN_UP, 10)
    assert hook.last_problem == "The receiver answered with the code 500."
    assert due() == []
    assert counters.values(db.session.connection())[counters.WEBHOOK_TRIES, GIVEN_UP] == 1
    assert counters.values(db.session.connection())[counters.WEBHOOK_TRIES, counters.TRY_FAILED] == 9


def test_a_receiver_may_ask_for_more_time_but_not_for_less(hooked: Job) -> None:
    webhook_id = end(hooked)
    for tries, (asked, waited) in enumerate([(120, 120), (1, 300), (10**9, 86400)]):
        make_due(webhook_id)
        delivery = webhooks.claim_try(webhook_id, tries)
        assert delivery is not None
        webhooks.record_failed(delivery, "busy", wait_seconds=asked)
        found = hook_of(hooked.id).next_try_at
        assert found is not None
        assert round((found - now()).total_seconds()) == waited


def test_a_receiver_that_is_gone_for_good_is_given_up_at_once(hooked: Job) -> None:
    delivery = webhooks.claim_try(end(hooked), 0)
    assert delivery is not None
    assert webhooks.record_failed(delivery, "gone", is_last=True) == GIVEN_UP


def test_a_try_that_was_taken_over_records_nothing(hooked: Job) -> None:
    webhook_id = end(hooked)
    slow = webhooks.claim_try(webhook_id, 0)
    make_due(webhook_id)
    quick = webhooks.claim_try(webhook_id, 1)
    assert slow is not None
    assert quick is not None
    assert webhooks.record_failed(slow, "too late") is None
    assert webhooks.record_delivered(quick)
    assert hook_of(hooked.id).last_problem is None


def test_a_delivery_that_came_late_counts_all_the_same(hooked: Job) -> None:
    webhook_id = end(hooked)
    slow = webhooks.claim_try(webhook_id, 0)
    make_due(webhook_id)
    quick = webhooks.claim_try(webhook_id, 1)
    assert slow is not None
    assert quick is not None
    assert webhooks.record_delivered(slow)
    assert webhooks.record_failed(quick, "no") is None
    assert webhooks.state_of(hook_of(hooked.id)) == DELIVERED


def test_a_removed_job_takes_its_webhook_along(hooked: Job, files: Files) -> None:
    webhook_id = end(hooked)
    jobs.remove(files, hooked.id)
    assert db.session.scalar(select(func.count(Webhook.id))) == 0
    assert webhooks.claim_try(webhook_id, 0) is None
    assert due() == []


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_what_is_sent_says_how_the_job_ended_also_when_its_files_have_expired(job_in: JobIn, state: JobState) -> None:
    ended = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    job_id = job_in(state, webhook_url=URL, ended_at=ended)
    first = webhooks.claim_try(hook_of(job_id).id, 0)
    job = reread(job_id)
    job.state = JobState.EXPIRED
    db.session.commit()
    make_due(hook_of(job_id).id)
    again = webhooks.claim_try(hook_of(job_id).id, 1)
    assert first is not None
    assert again is not None
    assert first.event == again.event
    assert first.event["type"] == f"job.{state.value}"
    assert first.event["timestamp"] == "2026-01-31T09:30:00Z"
    data = first.event["data"]
    assert set(data) == {"id", "state", "file_name", "totals", "error"}
    assert (data["id"], data["state"], data["file_name"]) == (job_id, state.value, "plays-2024-03.csv")
    assert data["totals"]["rows_read"] == (30_000_000 if state is JobState.DONE else None)
    assert (data["error"] is None) == (state is not JobState.FAILED)


def test_the_secret_is_made_on_first_use_and_stays_until_a_new_one_is_wanted(anna: int) -> None:
    first = webhooks.secret_of(anna)
    assert first == webhooks.secret_of(anna)
    assert first.startswith("whsec_")
    webhooks.make_new_secret(anna)
    assert webhooks.secret_of(anna) not in ("", first)


def test_a_delivery_carries_the_secret_of_the_jobs_owner(hooked: Job, anna: int) -> None:
    delivery = webhooks.claim_try(end(hooked), 0)
    assert delivery is not None
    assert delivery.secret == webhooks.secret_of(anna) == db.session.get_one(Account, anna).webhook_secret
    assert delivery.secret not in repr(delivery)


def test_the_library_of_standard_webhooks_verifies_our_signature() -> None:
    secret, body = signing.new_secret(), b'{"type": "job.done", "name": "\xc3\xa4"}'
    headers = signing.headers(secret, "msg", body, now())
    assert Receiver(secret).verify(body, headers) == {"type": "job.done", "name": "ä"}
    for receiver, changed in ((Receiver(signing.new_secret()), body), (Receiver(secret), body + b" ")):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(changed, headers)


def test_the_signature_is_that_of_the_specification() -> None:
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', moment
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_same_file_sent_at_once_makes_one_job_with_one_webhook(files: Files, anna: int, hooked: Job) -> None:
    received = arrived(files)
    assert received.sha256 == hashlib.sha256(received.path.read_bytes()).hexdigest()
    with pytest.raises(accept_upload.AlreadySentError):
        accept_upload.accept(files, anna, received, JobOptions(), webhook_url=URL)
    assert db.session.scalar(select(func.count(Webhook.id))) == 1
