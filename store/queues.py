"""The queues in Redis: the only module that enqueues. Redis is a hint; the database is the truth."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job as QueuedCall
from rq.serializers import JSONSerializer

SMALL = "small"
LARGE = "large"
QUEUES = (SMALL, LARGE)
SMALL_FILE_BYTES = 32 << 20
TASK = "worker.tasks.process_job"  # by dotted path: webapp never imports the worker

_log = logging.getLogger(__name__)


def queue_for(file_bytes: int) -> str:
    """Return the queue for a file of this size; small files never wait for big ones."""
    return SMALL if file_bytes <= SMALL_FILE_BYTES else LARGE


def connect(redis_url: str) -> Redis:
    """Connect to Redis with short timeouts: no request should wait long for a hint."""
    return Redis.from_url(
        redis_url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0), health_check_interval=0
    )


def call_id(job_id: str, attempt: int) -> str:
    """Return the id of an attempt in RQ, which is unique, so that no attempt is queued twice."""
    return f"{job_id}-{attempt}"


def time_limit(file_bytes: int) -> int:
    """Return the seconds after which an attempt counts as hung: ten minutes, plus one second per 250 kB."""
    return 600 + file_bytes // 250_000


def enqueue(connection: Redis, *, job_id: str, attempt: int, queue: str, file_bytes: int) -> bool:
    """Enqueue an attempt; False if Redis is unreachable, and then the reconciler enqueues it later."""
    try:
        Queue(queue, connection=connection, serializer=JSONSerializer).enqueue_call(
            TASK,
            args=(job_id, attempt),
            job_id=call_id(job_id, attempt),
            timeout=time_limit(file_bytes),
            result_ttl=60,
            failure_ttl=60,
            unique=True,
        )
    except DuplicateJobError:
        return True
    except RedisError as error:
        _log.warning("Redis unreachable (%s); job not enqueued yet", error, extra={"job": job_id, "attempt": attempt})
        return False
    return True


@dataclass(frozen=True, slots=True)
class Calls:
    """The call ids that Redis knows."""

    waiting: frozenset[str]  # in a queue
    started: frozenset[str]  # by a worker, which may have died since: the entry stays for a while


def calls(connection: Redis) -> Calls:
    """Return the call ids of all queues; raise RedisError if Redis is unreachable."""
    waiting: set[str] = set()
    started: set[str] = set()
    for name in QUEUES:
        queue = Queue(name, connection=connection, serializer=JSONSerializer)
        registry = queue.started_job_registry
        # In this order a call that a worker takes in between is seen twice, not missed.
        waiting |= set(queue.get_job_ids())
        # Expired entries too: their dates are those of the worker's clock, which may differ from ours.
        started |= {registry.parse_job_id(entry) for entry in connection.zrange(registry.key, 0, -1)}
    return Calls(frozenset(waiting), frozenset(started))


def answers(connection: Redis) -> bool:
    """Tell whether Redis answers."""
    try:
        return bool(connection.ping())
    except RedisError:
        return False


def forget(connection: Redis, *, job_id: str, attempt: int) -> None:
    """Remove an attempt from its queue, if it is there; an unreachable Redis is only logged."""
    name = call_id(job_id, attempt)
    try:
        for queue in QUEUES:
            Queue(queue, connection=connection, serializer=JSONSerializer).remove(name)
        QueuedCall.fetch(name, connection=connection, serializer=JSONSerializer).delete()
    except (NoSuchJobError, InvalidJobOperation, ValueError):
        pass  # its record is gone, or its execution is just ending, for which RQ raises a plain ValueError
    except RedisError as error:
        _log.warning("Redis unreachable (%s); job left in queue", error, extra={"job": job_id, "attempt": attempt})
