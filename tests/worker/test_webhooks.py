"""Webhooks from the end of their job to their receiver, by reconciler, queue and deliverer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis

from common.settings import Settings
from store import jobs, queues, webhooks
from store.database import db, now
from store.files import Files
from store.models import Webhook
from store.states import JobState
from store.webhooks import DELIVERED, GIVEN_UP, WAITING
from tests.accounts import make_account
from tests.jobs import make_job
from tests.paths import ROOT
from tests.processes import eventually
from tests.receiver import Receiver, receiving
from tests.worker.conftest import Start, reread
from worker import health
from worker.delivery import deliver
from worker.http_post import Poster
from worker.reconciler import Reconciler

PRIVATE = {"WEBHOOKS_TO_PRIVATE": "yes"}
HookedJob = Callable[..., str]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def anna(store_app: Flask) -> int:
    return make_account("anna")


@pytest.fixture
def ended(files: Files, anna: int, receiver: Receiver) -> HookedJob:
    """Makes a job that has ended, with a webhook to the receiver; gives its id."""

    def make(state: JobState = JobState.DONE, url: str | None = None) -> str:
        return make_job(files, anna, state, webhook_url=url or receiver.url)

    return make


@pytest.fixture
def reconciler(store_app: Flask, settings: Settings, redis: Redis) -> Reconciler:
    return Reconciler(settings, redis)


def hook_of(job_id: str) -> Webhook:
    hook = reread(job_id).webhook
    assert hook is not None
    return hook


def state_of(job_id: str) -> str:
    return webhooks.state_of(hook_of(job_id))


def waiting(redis: Redis) -> list[str]:
    return [name.decode() for name in redis.lrange("rq:queue:webhooks", 0, -1)]


def try_now(job_id: str) -> bool:
    """Make the next try in this process."""
    hook = hook_of(job_id)
    return deliver(hook.id, hook.tries, Poster(to_private=True))


def make_due(job_id: str) -> None:
    hook_of(job_id).next_try_at = now() - timedelta(seconds=1)
    db.session.commit()


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_the_receiver_gets_a_signed_word_of_the_jobs_end(
    ended: HookedJob, receiver: Receiver, anna: int, state: JobState
) -> None:
    job_id = ended(state)
    assert try_now(job_id)
    (got,) = receiver.got
    event = got.verified(webhooks.secret_of(anna))
    assert (event["type"], event["data"]["id"], event["data"]["state"]) == (f"job.{state}", job_id, state.value)
    assert got.headers["webhook-id"] == hook_of(job_id).id
    assert state_of(job_id) == DELIVERED


def test_a_job_that_goes_on_sends_nothing(ended: HookedJob, receiver: Receiver) -> None:
    job_id = ended(JobState.RUNNING)
    assert not try_now(job_id)
    assert receiver.got == []


def test_a_try_that_failed_is_made_again_with_the_same_id(ended: HookedJob, receiver: Receiver) -> None:
    job_id = ended()
    receiver.statuses = [500, 302, 400]
    for words in ("code 500.", "code 302, and redirects are not followed.", "code 400."):
        make_due(job_id)
        assert try_now(job_id)
        assert state_of(job_id) == WAITING
        assert hook_of(job_id).last_problem == f"The receiver answered with the {words}"
    make_due(job_id)
    assert try_now(job_id)
    assert state_of(job_id) == DELIVERED
    assert len(receiver.got) == 4
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1


def test_a_receiver_that_says_gone_is_left_alone_for_ever(ended: HookedJob, receiver: Receiver) -> None:
    receiver.statuses = [410]
    job_id = ended()
    assert try_now(job_id)
    assert state_of(job_id) == GIVEN_UP
    assert not try_now(job_id)


@pytest.mark.parametrize(("status", "seconds"), [(503, 120), (429, 120), (500, 5)])
def test_a_busy_receiver_says_when_to_come_again(
    ended: HookedJob, receiver: Receiver, status: int, seconds: int
) -> None:
    receiver.statuses, receiver.headers = [status], {"Retry-After": "120"}
    job_id = ended()
    assert try_now(job_id)
    found = hook_of(job_id).next_try_at
    assert found is not None
    assert seconds - 5 < (found - now()).total_seconds() <= seconds


def test_a_name_that_leads_into_our_network_is_refused_in_words(ended: HookedJob, receiver: Receiver) -> None:
    job_id = ended(url=f"http://inside.example:{receiver.port}/")
    careful = Poster(to_private=False, resolve=lambda _host, _port: ["127.0.0.1"])
    assert deliver(hook_of(job_id).id, 0, careful)
    assert receiver.got == []
    assert "leads to no public address" in str(hook_of(job_id).last_problem)
    assert state_of(job_id) == WAITING


def test_of_a_removed_job_nothing_is_sent(ended: HookedJob, receiver: Receiver, files: Files) -> None:
    job_id = ended()
    webhook_id = hook_of(job_id).id
    jobs.remove(files, job_id)
    assert not deliver(webhook_id, 0, Poster(to_private=True))
    assert receiver.got == []


def test_the_reconciler_tells_the_queue_of_what_is_due_once(
    reconciler: Reconciler, redis: Redis, ended: HookedJob
) -> None:
    ended(JobState.QUEUED)
    reconciler.look()
    assert waiting(redis) == []
    webhook_id = hook_of(ended()).id
    for _ in range(3):
        reconciler.look()
    assert waiting(redis) == [f"{webhook_id}-0"]
    assert queues.take_webhook(redis) == (webhook_id, 0)
    assert redis.keys("rq:job:*") == []


def test_a_try_that_the_queue_has_lost_is_told_again_at_the_next_turn(
    reconciler: Reconciler, redis: Redis, ended: HookedJob
) -> None:
    webhook_id = hook_of(ended()).id
    reconciler.turn()
    redis.delete("rq:queue:webhooks")
    reconciler.look()
    assert waiting(redis) == []
    reconciler.turn()
    assert waiting(redis) == [f"{webhook_id}-0"]
    reconciler.turn()
    assert waiting(redis) == [f"{webhook_id}-0"]


def test_what_was_claimed_is_told_again_only_when_its_time_has_come(
    reconciler: Reconciler, redis: Redis, ended: HookedJob
) -> None:
    job_id = ended()
    webhook_id = hook_of(job_id).id
    assert webhooks.claim(webhook_id, 0)
    reconciler.turn()
    assert waiting(redis) == []
    make_due(job_id)
    reconciler.look()
    assert waiting(redis) == [f"{webhook_id}-1"]


def test_a_queue_that_is_away_keeps_nothing_else_from_being_done(
    store_app: Flask, settings: Settings, ended: HookedJob, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = replace(settings, redis_url=f"unix://{settings.data_dir}/nobody.sock")
    ended()
    lonely = Reconciler(nowhere, queues.connect(nowhere.redis_url))
    lonely.turn()
    lonely.look()
    lonely.look()
    assert caplog.text.count("1 webhooks wait for the queue") == 1


def test_the_processes_deliver_within_seconds_of_the_end(
    start: Start, ended: HookedJob, receiver: Receiver, anna: int, redis: Redis
) -> None:
    start("worker.reconciler", RECONCILE_SECONDS="3600")
    deliverer = start("worker.webhooks", **PRIVATE)
    eventually(lambda: health.worker_is_at_work(redis, queues.WEBHOOKS))
    job_id = ended(JobState.RUNNING)
    assert receiver.got == []
    assert jobs.cancel(job_id, jobs.keep_until(1))
    eventually(lambda: state_of(job_id) == DELIVERED)
    (got,) = receiver.got
    assert got.verified(webhooks.secret_of(anna))["type"] == "job.cancelled"
    deliverer.terminate()
    assert deliverer.wait(timeout=60) == 0


def test_a_deliverer_killed_in_a_try_is_followed_by_another_with_the_same_id(
    start: Start, ended: HookedJob, redis: Redis
) -> None:
    start("worker.reconciler")
    first = start("worker.webhooks", **PRIVATE)
    with receiving(seconds=600) as slow:
        job_id = ended(url=slow.url)
        eventually(lambda: slow.got)
        first.kill()
        first.wait()
        slow.seconds = 0
        make_due(job_id)  # instead of waiting for a minute
        start("worker.webhooks", **PRIVATE)
        eventually(lambda: state_of(job_id) == DELIVERED)
    assert hook_of(job_id).tries == 2
    assert len({got.headers["webhook-id"] for got in slow.got}) == 1


def test_a_receiver_that_hangs_does_not_keep_the_others_waiting(
    start: Start, ended: HookedJob, receiver: Receiver
) -> None:
    start("worker.reconciler")
    deliverer = start("worker.webhooks", **PRIVATE)
    with receiving(seconds=600) as slow:
        hangs = ended(url=slow.url)
        eventually(lambda: slow.got)
        quick = ended()
        eventually(lambda: state_of(quick) == DELIVERED)
        assert state_of(hangs) == WAITING
        deliverer.terminate()
        assert deliverer.wait(timeout=12) == 0


def test_without_the_setting_nothing_goes_to_this_machine(start: Start, ended: HookedJob, receiver: Receiver) -> None:
    start("worker.reconciler")
    start("worker.webhooks", WEBHOOKS_TO_PRIVATE="")
    job_id = ended()
    eventually(lambda: hook_of(job_id).last_problem)
    assert receiver.got == []
    assert "public" in str(hook_of(job_id).last_problem)


@pytest.mark.usefixtures("processes")
def test_the_deliverer_loads_neither_vaex_nor_the_processing() -> None:
    loaded = "import json, sys, worker.webhooks; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=ROOT)
    names = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not names & {"vaex", "processing", "pyarrow", "numpy"}
