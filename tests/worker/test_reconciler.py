"""The reconciler: makes queue and files agree with the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from store import attempts, queues
from store.database import db, now
from store.files import Files
from store.settings import Settings
from store.states import JobState
from tests.processes import eventually
from tests.worker.conftest import Enqueue, Start, Submitted, reread, working_files
from worker import reconciler


@pytest.fixture
def turn(settings: Settings, redis: Redis) -> Callable[[], None]:
    return lambda: reconciler.turn(settings, redis)


def known_to_the_queue(redis: Redis, job: Submitted) -> bool:
    return queues.is_waiting(redis, job_id=job.id, attempt=reread(job.id).attempt, queue=job.queue)


def let_the_lease_run_out(job: Submitted) -> None:
    reread(job.id).lease_until = now() - timedelta(seconds=1)
    db.session.commit()


def test_a_job_the_queue_never_heard_of_is_enqueued(turn: Callable[[], None], redis: Redis, job: Submitted) -> None:
    assert not known_to_the_queue(redis, job)
    turn()
    assert known_to_the_queue(redis, job)


def test_a_job_that_waits_in_the_queue_is_left_alone(
    turn: Callable[[], None], redis: Redis, job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    turn()
    turn()
    assert redis.llen("rq:queue:small") == 1


def test_a_call_whose_place_in_the_queue_was_lost_is_enqueued_again(
    turn: Callable[[], None], redis: Redis, job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    redis.delete("rq:queue:small")
    turn()
    assert known_to_the_queue(redis, job)


def test_a_dead_attempt_is_followed_by_the_next(
    turn: Callable[[], None], redis: Redis, job: Submitted, files: Files
) -> None:
    assert attempts.claim(job.id, 1, 30)
    files.staging(job.id, 1)
    let_the_lease_run_out(job)
    turn()
    again = reread(job.id)
    assert (again.state, again.attempt, again.crashes) == (JobState.QUEUED, 2, 1)
    assert known_to_the_queue(redis, job)
    assert working_files(files) == []


def test_a_living_attempt_is_left_alone(turn: Callable[[], None], job: Submitted, files: Files) -> None:
    assert attempts.claim(job.id, 1, 30)
    staging = files.staging(job.id, 1)
    turn()
    assert reread(job.id).state is JobState.RUNNING
    assert staging.exists()


def test_a_third_dead_worker_ends_the_job_in_words(turn: Callable[[], None], job: Submitted) -> None:
    for attempt in (1, 2, 3):
        assert attempts.claim(job.id, attempt, 30)
        let_the_lease_run_out(job)
        turn()
    assert reread(job.id).error["code"] == "worker_died"


def test_a_queue_that_is_away_does_not_keep_dead_attempts_from_being_handed_back(
    settings: Settings, job: Submitted
) -> None:
    nowhere = replace(settings, redis_url=f"unix://{settings.data_dir}/nobody.sock")
    assert attempts.claim(job.id, 1, 30)
    let_the_lease_run_out(job)
    reconciler.turn(nowhere, queues.connect(nowhere.redis_url))
    assert reread(job.id).attempt == 2


def test_sigterm_stops_its_process_between_two_turns(start: Start, job: Submitted, redis: Redis) -> None:
    process = start("worker.reconciler", RECONCILE_SECONDS="3600")
    eventually(lambda: known_to_the_queue(redis, job))
    process.terminate()
    assert process.wait(timeout=60) == 0
