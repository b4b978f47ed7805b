"""The worker of a queue under kill -9, SIGTERM and a Redis that goes away: real processes, real forks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from common.settings import Settings
from store import attempts, jobs, queues
from store.files import Files
from store.models import Job
from store.states import JobState
from tests.orders import Orders, held_below
from tests.processes import eventually, is_alive
from tests.services import RedisServer, Services, redis_server
from tests.worker.conftest import (
    EXAMPLE,
    EXAMPLE_TOTALS,
    Enqueue,
    Start,
    Submit,
    Submitted,
    below,
    reread,
    working_files,
)
from tests.worker.greedy_worker import GREEDY_BYTES
from worker.reconciler import Reconciler
from worker.rq_worker import QueueWorker, StopRequest


def ended(job_id: str) -> Job | None:
    job = reread(job_id)
    return job if job.state in (JobState.DONE, JobState.FAILED) else None


@pytest.fixture
def held_job(submit: Submit, enqueue: Enqueue, orders: Orders) -> Submitted:
    """An enqueued job, whose first horse stands still once it has read the file."""
    orders.hold("step.totalling")
    job = submit()
    enqueue(job)
    return job


def horse_in_mid_job(worker: subprocess.Popen[bytes], job_id: str) -> int:
    """The worker's horse, which stands still while its job is half done."""
    horse = held_below(worker.pid)
    assert reread(job_id).state is JobState.RUNNING
    return horse


def test_an_enqueued_job_ends_done(start: Start, job: Submitted, enqueue: Enqueue, files: Files) -> None:
    enqueue(job)
    start("worker", "--queue", "small")
    done = eventually(lambda: ended(job.id))
    assert (done.state, done.attempt) == (JobState.DONE, 1)
    assert files.result(job.id, 1, done.parts[0].name).read_bytes() == EXAMPLE_TOTALS


def test_an_attempt_enqueued_twice_is_run_once(start: Start, job: Submitted, enqueue: Enqueue, redis: Redis) -> None:
    enqueue(job)
    redis.rpush("rq:queue:small", queues.call_id(job.id, 1))
    start("worker", "--queue", "small")
    eventually(lambda: ended(job.id))
    eventually(lambda: redis.llen("rq:queue:small") == 0)
    assert (reread(job.id).attempt, len(reread(job.id).parts)) == (1, 1)


def test_a_killed_horse_is_followed_by_the_next_attempt(start: Start, held_job: Submitted, files: Files) -> None:
    start("worker.reconciler")
    worker = start("worker", "--queue", "small")
    os.kill(horse_in_mid_job(worker, held_job.id), signal.SIGKILL)
    done = eventually(lambda: ended(held_job.id))
    assert (done.state, done.attempt, done.crashes) == (JobState.DONE, 2, 1)
    eventually(lambda: working_files(files) == [])
    assert not (files.data_dir / "results" / held_job.id / "1").exists()


def test_a_killed_worker_takes_its_horse_along_and_the_reconciler_has_the_job_done(
    start: Start, held_job: Submitted
) -> None:
    worker = start("worker", "--queue", "small")
    horse = horse_in_mid_job(worker, held_job.id)
    worker.kill()
    eventually(lambda: not is_alive(horse))
    start("worker.reconciler", LEASE_SECONDS="15")
    start("worker", "--queue", "small", LEASE_SECONDS="15")  # which says how often the lease is renewed
    done = eventually(lambda: ended(held_job.id))
    assert (done.state, done.attempt) == (JobState.DONE, 2)


def test_sigterm_in_mid_job_lets_go_of_the_attempt_without_blaming_it(
    start: Start, held_job: Submitted, redis: Redis
) -> None:
    worker = start("worker", "--queue", "small")
    horse = horse_in_mid_job(worker, held_job.id)
    worker.terminate()
    assert worker.wait(timeout=60) == 0
    again = reread(held_job.id)
    assert (again.state, again.lease_until, again.crashes) == (JobState.RUNNING, None, 0)
    assert not is_alive(horse)
    start("worker.reconciler")
    eventually(lambda: queues.call_id(held_job.id, 2) in queues.calls(redis).waiting)
    start("worker", "--queue", "small")
    done = eventually(lambda: ended(held_job.id))
    assert (done.state, done.attempt, done.crashes) == (JobState.DONE, 2, 0)


def position_kept(files: Files, job_id: str) -> float:
    """How much of the job, 0 to 1, the checkpoint of its first attempt keeps."""
    checkpoint = json.loads((files.scratch(job_id, 1) / "run" / "checkpoint.json").read_text())
    return float(checkpoint["position"])


def test_an_attempt_goes_on_from_the_checkpoint_of_the_one_before_it(
    start: Start, submit: Submit, enqueue: Enqueue, orders: Orders, files: Files
) -> None:
    orders.hold("step.totalling", after=1)  # the first one comes before the checkpoint at the end of the reading
    job = submit()
    enqueue(job)
    start("worker.reconciler")
    worker = start("worker", "--queue", "small", CHECKPOINT_SECONDS="0")
    horse_in_mid_job(worker, job.id)
    kept = position_kept(files, job.id)
    orders.hold("step.totalling")  # the next attempt
    worker.terminate()
    assert worker.wait(timeout=60) == 0
    second = start("worker", "--queue", "small", CHECKPOINT_SECONDS="0")
    horse = horse_in_mid_job(second, job.id)
    went_on = reread(job.id)
    os.kill(horse, signal.SIGCONT)
    done = eventually(lambda: ended(job.id))
    assert went_on.attempt == 2
    assert went_on.fraction >= kept > 0
    assert (done.state, done.attempt, done.crashes) == (JobState.DONE, 2, 0)
    eventually(lambda: working_files(files) == [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_when_told(start: Start, redis: Redis, number: signal.Signals) -> None:
    worker = start("worker", "--queue", "small")
    eventually(lambda: redis.smembers("rq:workers:small"))
    worker.send_signal(number)
    assert worker.wait(timeout=60) == 0
    assert not redis.smembers("rq:workers:small")


def test_a_cancelled_job_leaves_its_worker_free_for_the_next(
    start: Start, held_job: Submitted, submit: Submit, enqueue: Enqueue, files: Files
) -> None:
    horse = horse_in_mid_job(start("worker", "--queue", "small"), held_job.id)
    jobs.cancel(held_job.id, jobs.keep_until(1))
    os.kill(horse, signal.SIGCONT)
    eventually(lambda: not is_alive(horse))
    assert reread(held_job.id).state is JobState.CANCELLED
    eventually(lambda: working_files(files) == [])
    following = submit()
    enqueue(following)
    assert eventually(lambda: ended(following.id)).state is JobState.DONE


def test_a_job_whose_horse_hung_past_its_time_limit_fails_with_words(
    settings: Settings, job: Submitted, enqueue: Enqueue, redis: Redis, files: Files
) -> None:
    enqueue(job)
    assert attempts.claim(job.id, 1, 30)
    files.staging(job.id, 1)
    worker = QueueWorker("small", settings, StopRequest())
    worker._reason = "took_too_long"
    worker._settle_killed(worker.queues[0].jobs[0], signal.SIGKILL)
    worker.connection.close()
    failed = reread(job.id)
    assert (failed.state, failed.error["code"]) == (JobState.FAILED, "took_too_long")
    assert working_files(files) == []


@pytest.fixture
def own_redis(services: Services, tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test can stop and start."""
    with redis_server(services.redis_binary, tmp_path) as server:
        yield server


def tell(server: RedisServer, settings: Settings) -> None:
    """Let the reconciler tell this server what waits."""
    Reconciler(replace(settings, redis_url=server.url), queues.connect(server.url)).turn()


def test_a_redis_that_goes_away_in_mid_job_loses_neither_the_job_nor_the_worker(
    start: Start, submit: Submit, orders: Orders, settings: Settings, own_redis: RedisServer
) -> None:
    orders.hold("step.totalling")
    job = submit()
    tell(own_redis, settings)
    worker = start("worker", "--queue", "small", REDIS_URL=own_redis.url)
    horse = horse_in_mid_job(worker, job.id)
    own_redis.kill()
    os.kill(horse, signal.SIGCONT)
    assert eventually(lambda: ended(job.id)).state is JobState.DONE
    following = submit()
    own_redis.start()
    tell(own_redis, settings)
    assert eventually(lambda: ended(following.id)).state is JobState.DONE
    assert (reread(job.id).attempt, worker.poll()) == (1, None)


def test_a_worker_that_starts_before_its_redis_waits_for_it(
    start: Start, job: Submitted, settings: Settings, own_redis: RedisServer
) -> None:
    own_redis.kill()
    worker = start("worker", "--queue", "small", REDIS_URL=own_redis.url)
    own_redis.start()
    tell(own_redis, settings)
    assert eventually(lambda: ended(job.id)).state is JobState.DONE
    worker.terminate()
    assert worker.wait(timeout=60) == 0


def test_a_worker_whose_redis_is_away_still_stops_when_told(start: Start, own_redis: RedisServer) -> None:
    worker = start("worker", "--queue", "small", REDIS_URL=own_redis.url)
    eventually(lambda: Redis.from_url(own_redis.url).smembers("rq:workers:small"))
    own_redis.kill()
    worker.terminate()
    assert worker.wait(timeout=60) == 0


@pytest.mark.parametrize("how", [jobs.cancel, jobs.remove])
def test_a_stopped_horse_whose_job_was_cancelled_or_removed_is_killed_and_leaves_nothing(
    start: Start, held_job: Submitted, files: Files, how: Callable[..., bool]
) -> None:
    horse = horse_in_mid_job(start("worker", "--queue", "small"), held_job.id)
    assert how(held_job.id, jobs.keep_until(1)) if how is jobs.cancel else how(files, held_job.id)
    eventually(lambda: not is_alive(horse))
    kept = [files.upload(held_job.upload_id)] if how is jobs.cancel else []
    eventually(lambda: below(files, "incoming", "uploads", "scratch", "staging", "results") == kept)


def test_a_horse_over_its_memory_is_killed_and_its_job_fails_alone(
    start: Start, submit: Submit, enqueue: Enqueue, files: Files
) -> None:
    greedy, small = submit(EXAMPLE * (GREEDY_BYTES // len(EXAMPLE) + 1)), submit()
    enqueue(greedy)
    start("tests.worker.greedy_worker", "--queue", "small", MEMORY_LIMIT=str(256 << 20))
    failed = eventually(lambda: ended(greedy.id))
    assert (failed.state, failed.error["code"]) == (JobState.FAILED, "out_of_memory")
    eventually(lambda: working_files(files) == [])
    enqueue(small)
    assert eventually(lambda: ended(small.id)).state is JobState.DONE
