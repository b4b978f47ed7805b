"""Webhooks from the end of their job to their receiver, by outbox and deliverer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NoReturn

import pytest
from flask import Flask
from sqlalchemy import text

from processing.sentences import error_json
from store import jobs, webhooks
from store.database import db, now
from store.files import Files
from store.models import Webhook
from store.states import JobState
from store.webhooks import DELIVERED, GIVEN_UP, WAITING
from tests.accounts import make_account
from tests.jobs import make_job, refusal
from tests.paths import ROOT
from tests.processes import eventually
from tests.receiver import Receiver, receiving
from tests.worker.conftest import Start, reread, table_away
from worker import deliverer_heartbeat
from worker.delivery import deliver
from worker.http_post import Poster
from worker.webhooks import AT_ONCE, Deliverer

# Redis is nowhere: webhooks are delivered without it.
DELIVERER = {"WEBHOOKS_TO_PRIVATE": "yes", "REDIS_URL": "redis://127.0.0.1:1/0"}
TO_ANYWHERE = Poster(to_private=True)
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


def hook_of(job_id: str) -> Webhook:
    hook = reread(job_id).webhook
    assert hook is not None
    return hook


def state_of(job_id: str) -> str:
    return webhooks.state_of(hook_of(job_id))


def try_now(poster: Poster = TO_ANYWHERE) -> bool:
    """Make the next try that is due in this process; False when none is."""
    delivery = webhooks.claim_due()
    if delivery is not None:
        deliver(delivery, poster)
    return delivery is not None


def make_due(job_id: str) -> None:
    hook_of(job_id).next_try_at = now() - timedelta(seconds=1)
    db.session.commit()


def close_connections_of_others() -> None:
    """What a restart of PostgreSQL does to a process; SQLite has no connection to lose."""
    if db.engine.dialect.name == "postgresql":
        ours = "pid <> pg_backend_pid() AND datname = current_database()"
        db.session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"))
        db.session.commit()


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_the_receiver_gets_a_signed_word_of_the_jobs_end(
    ended: HookedJob, receiver: Receiver, anna: int, state: JobState
) -> None:
    job_id = ended(state)
    assert try_now()
    (got,) = receiver.got
    event = got.verified(webhooks.secret_of(anna))
    assert (event["type"], event["data"]["id"], event["data"]["state"]) == (f"job.{state}", job_id, state.value)
    assert event["data"]["error"] == (error_json(refusal()) if state is JobState.FAILED else None)
    assert got.headers["webhook-id"] == hook_of(job_id).id
    assert state_of(job_id) == DELIVERED


def test_a_job_that_goes_on_sends_nothing(ended: HookedJob, receiver: Receiver) -> None:
    ended(JobState.RUNNING)
    assert not try_now()
    assert receiver.got == []


def test_a_try_that_failed_is_made_again_with_the_same_id(ended: HookedJob, receiver: Receiver) -> None:
    job_id = ended()
    receiver.statuses = [500, 302, 400]
    for words in ("code 500.", "code 302, and redirects are not followed.", "code 400."):
        make_due(job_id)
        assert try_now()
        assert state_of(job_id) == WAITING
        assert hook_of(job_id).last_problem == f"The receiver answered with the {words}"
    make_due(job_id)
    assert try_now()
    assert state_of(job_id) == DELIVERED
    assert len(receiver.got) == 4
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1


def test_a_receiver_that_says_gone_is_left_alone_for_ever(ended: HookedJob, receiver: Receiver) -> None:
    receiver.statuses = [410]
    job_id = ended()
    assert try_now()
    assert state_of(job_id) == GIVEN_UP
    assert not try_now()


@pytest.mark.parametrize(("status", "seconds"), [(503, 120), (429, 120), (500, 5)])
def test_a_busy_receiver_says_when_to_come_again(
    ended: HookedJob, receiver: Receiver, status: int, seconds: int
) -> None:
    receiver.statuses, receiver.headers = [status], {"Retry-After": "120"}
    job_id = ended()
    assert try_now()
    found = hook_of(job_id).next_try_at
    assert found is not None
    assert seconds - 5 < (found - now()).total_seconds() <= seconds


def test_a_name_that_leads_into_our_network_is_refused_in_words(ended: HookedJob, receiver: Receiver) -> None:
    job_id = ended(url=f"http://inside.example:{receiver.port}/")
    careful = Poster(to_private=False, resolve=lambda _host, _port: ["127.0.0.1"])
    assert try_now(careful)
    assert receiver.got == []
    assert "leads to no public address" in str(hook_of(job_id).last_problem)
    assert state_of(job_id) == WAITING


def test_of_a_removed_job_nothing_is_sent(ended: HookedJob, receiver: Receiver, files: Files) -> None:
    job_id = ended()
    jobs.remove(files, job_id)
    assert not try_now()
    assert receiver.got == []


def test_of_two_that_see_the_same_try_one_makes_it(
    ended: HookedJob, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_ids = [ended(), ended()]
    seen_before = webhooks.due(20)
    assert try_now()
    looks = iter([seen_before, []])  # the other one looked before the first one claimed
    monkeypatch.setattr(webhooks, "due", lambda _limit: next(looks))
    assert try_now()
    assert sorted(state_of(job_id) for job_id in job_ids) == [DELIVERED, DELIVERED]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 2


def test_a_try_that_breaks_off_leaves_its_seat_to_others(
    store_app: Flask, ended: HookedJob, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Poster):
        def post(self, *_: object) -> NoReturn:
            raise ValueError("nobody expects this")

    deliverer = Deliverer(store_app, Broken(to_private=True))
    for _ in range(AT_ONCE + 1):
        ended()
        assert deliverer.begin_one()
    deliverer.wait_for_all(60)
    assert not webhooks.due(1)
    assert caplog.text.count("nobody expects this") >= AT_ONCE + 1


def test_the_process_delivers_within_seconds_of_the_end_and_without_redis(
    start: Start, ended: HookedJob, receiver: Receiver, anna: int
) -> None:
    deliverer = start("worker.webhooks", **DELIVERER)
    eventually(deliverer_heartbeat.is_beating)
    job_id = ended(JobState.RUNNING)
    assert receiver.got == []
    assert jobs.cancel(job_id, jobs.keep_until(1))
    eventually(lambda: state_of(job_id) == DELIVERED)
    (got,) = receiver.got
    assert got.verified(webhooks.secret_of(anna))["type"] == "job.cancelled"
    deliverer.terminate()
    assert deliverer.wait(timeout=60) == 0


def test_a_deliverer_killed_in_a_try_is_followed_by_another_with_the_same_id(start: Start, ended: HookedJob) -> None:
    first = start("worker.webhooks", **DELIVERER)
    with receiving(seconds=600) as slow:
        job_id = ended(url=slow.url)
        eventually(lambda: slow.got)
        first.kill()
        first.wait()
        slow.seconds = 0
        make_due(job_id)  # instead of waiting for a minute
        start("worker.webhooks", **DELIVERER)
        eventually(lambda: state_of(job_id) == DELIVERED)
    assert hook_of(job_id).tries == 2
    assert len({got.headers["webhook-id"] for got in slow.got}) == 1


def test_a_database_that_was_away_is_asked_again(
    start: Start, ended: HookedJob, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    start("worker.webhooks", **DELIVERER)
    eventually(deliverer_heartbeat.is_beating)
    close_connections_of_others()
    with table_away("webhook"):
        eventually(lambda: "database unavailable" in capfd.readouterr().err)
    job_id = ended()
    eventually(lambda: state_of(job_id) == DELIVERED)
    assert len(receiver.got) == 1


def test_two_processes_deliver_many_webhooks_each_once(start: Start, ended: HookedJob, receiver: Receiver) -> None:
    for _ in range(2):
        start("worker.webhooks", **DELIVERER)
    job_ids = [ended() for _ in range(30)]
    for job_id in job_ids:
        eventually(lambda job_id=job_id: state_of(job_id) == DELIVERED)
    assert [hook_of(job_id).tries for job_id in job_ids] == [1] * 30
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 30


def test_a_receiver_that_hangs_does_not_keep_the_others_waiting(
    start: Start, ended: HookedJob, receiver: Receiver
) -> None:
    deliverer = start("worker.webhooks", **DELIVERER)
    with receiving(seconds=600) as slow:
        hangs = ended(url=slow.url)
        eventually(lambda: slow.got)
        quick = ended()
        eventually(lambda: state_of(quick) == DELIVERED)
        assert state_of(hangs) == WAITING
        deliverer.terminate()
        assert deliverer.wait(timeout=12) == 0


def test_without_the_setting_nothing_goes_to_this_machine(start: Start, ended: HookedJob, receiver: Receiver) -> None:
    start("worker.webhooks", WEBHOOKS_TO_PRIVATE="")
    job_id = ended()
    eventually(lambda: hook_of(job_id).last_problem)
    assert receiver.got == []
    assert "public" in str(hook_of(job_id).last_problem)


@pytest.mark.usefixtures("processes")
def test_the_deliverer_loads_neither_vaex_nor_more_of_the_processing_than_its_sentences() -> None:
    loaded = "import json, sys, worker.webhooks; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=ROOT)
    modules = json.loads(done.stdout)
    assert not {name.partition(".")[0] for name in modules} & {"vaex", "pyarrow", "numpy"}
    ours = {name for name in modules if name.startswith("processing.")}
    assert ours == {f"processing.{name}" for name in ("columns", "date_styles", "sentences")}
