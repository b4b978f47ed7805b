"""The queue, on a real server: it is told once, and it may be away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job as QueuedCall
from rq.serializers import JSONSerializer

from store import queues
from store.queues import Calls

JOB = "0123456789abcdef0123456789abcdef"
SMALL_JOB: dict[str, Any] = {"job_id": JOB, "attempt": 1, "queue": queues.SMALL, "file_bytes": 1_000_000}


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[str, list[socket.socket]]]:
    """The address of a server that takes every call and says nothing, and the calls it took."""
    calls: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()

        def take() -> None:
            try:
                while True:
                    calls.append(server.accept()[0])
            except OSError:
                pass  # the test is over

        thread = threading.Thread(target=take)
        thread.start()
        yield f"unix://{tmp_path}/s", calls
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for call in calls:
        call.close()


def standing(redis: Redis, queue: str) -> list[str]:
    return Queue(queue, connection=redis, serializer=JSONSerializer).get_job_ids()


def is_waiting(redis: Redis, attempt: int = 1) -> bool:
    return queues.call_id(JOB, attempt) in queues.calls(redis).waiting


def test_a_worker_is_told_job_and_attempt_in_json_and_the_dotted_path_of_the_task(redis: Redis) -> None:
    assert queues.enqueue(redis, **SMALL_JOB)
    call = QueuedCall.fetch(f"{JOB}-1", connection=redis, serializer=JSONSerializer)
    assert (call.func_name, list(call.args)) == ("worker.tasks.process_job", [JOB, 1])
    assert call.timeout == queues.time_limit(1_000_000)
    assert is_waiting(redis)


def test_the_same_attempt_is_queued_once(redis: Redis) -> None:
    assert all(queues.enqueue(redis, **SMALL_JOB) for _ in range(3))
    assert standing(redis, queues.SMALL) == [f"{JOB}-1"]


def test_the_next_attempt_is_queued_beside_the_last(redis: Redis) -> None:
    assert queues.enqueue(redis, **SMALL_JOB)
    assert queues.enqueue(redis, **SMALL_JOB | {"attempt": 2})
    assert standing(redis, queues.SMALL) == [f"{JOB}-1", f"{JOB}-2"]


@pytest.mark.parametrize("queue", queues.QUEUES)
def test_a_forgotten_attempt_stands_in_no_queue_and_can_be_queued_again(redis: Redis, queue: str) -> None:
    assert queues.enqueue(redis, **SMALL_JOB | {"queue": queue})
    queues.forget(redis, job_id=JOB, attempt=1)
    queues.forget(redis, job_id=JOB, attempt=1)
    assert standing(redis, queue) == []
    assert redis.keys(f"rq:job:{JOB}*") == []
    assert queues.enqueue(redis, **SMALL_JOB | {"queue": queue})
    assert standing(redis, queue) == [f"{JOB}-1"]


def test_forgetting_one_attempt_leaves_the_next_in_the_queue(redis: Redis) -> None:
    for attempt in (1, 2):
        assert queues.enqueue(redis, **SMALL_JOB | {"attempt": attempt})
    queues.forget(redis, job_id=JOB, attempt=1)
    assert (is_waiting(redis, 1), is_waiting(redis, 2)) == (False, True)


def test_an_attempt_in_a_workers_hands_is_known_whatever_that_workers_clock_says(redis: Redis) -> None:
    assert queues.enqueue(redis, **SMALL_JOB | {"attempt": 3})
    registry = Queue(queues.LARGE, connection=redis, serializer=JSONSerializer).started_job_registry
    redis.zadd(registry.key, {f"{JOB}-1:execution": 1 << 40, f"{JOB}-2:execution": 1})
    assert queues.calls(redis) == Calls(frozenset({f"{JOB}-3"}), frozenset({f"{JOB}-1", f"{JOB}-2"}))


def test_whether_redis_is_there_is_told_within_its_time_limit(
    redis: Redis, silent: tuple[str, list[socket.socket]]
) -> None:
    assert queues.answers(redis)
    with queues.connect(silent[0]) as connection:
        assert not queues.answers(connection)


def test_an_attempt_whose_execution_is_just_ending_is_forgotten_without_an_error(redis: Redis) -> None:
    assert queues.enqueue(redis, **SMALL_JOB)
    redis.zadd(f"rq:executions:{JOB}-1", {"gone": 1 << 40})  # listed, while its own record has been removed
    queues.forget(redis, job_id=JOB, attempt=1)
    assert standing(redis, queues.SMALL) == []


def test_a_queue_that_is_away_is_said_and_nothing_raised(tmp_path: Path) -> None:
    nowhere = queues.connect(f"unix://{tmp_path}/nobody")
    assert queues.enqueue(nowhere, **SMALL_JOB) is False
    queues.forget(nowhere, job_id=JOB, attempt=1)
    with pytest.raises(RedisError):
        is_waiting(nowhere)


def test_a_queue_that_never_answers_is_asked_once_and_given_up(silent: tuple[str, list[socket.socket]]) -> None:
    address, calls = silent
    with queues.connect(address) as connection:
        limits = connection.connection_pool.connection_kwargs
        assert limits["socket_timeout"] <= 1
        assert limits["socket_connect_timeout"] <= 1
        assert queues.enqueue(connection, **SMALL_JOB) is False
        assert len(calls) == 1
        queues.forget(connection, job_id=JOB, attempt=1)
        assert len(calls) == 2


def test_a_small_file_has_a_queue_of_its_own() -> None:
    limit = queues.SMALL_FILE_BYTES
    assert [queues.queue_for(size) for size in (0, limit, limit + 1)] == ["small", "small", "large"]


def test_the_time_limit_follows_the_size() -> None:
    assert [queues.time_limit(size) for size in (0, 250_000, 10**9, 10**12)] == [600, 601, 4600, 4_000_600]
