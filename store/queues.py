"""The queue: the only module that enqueues. Redis is a hint; the database says which jobs exist."""

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
TASK = "worker.tasks.process_job"  # by dotted path: the web side never imports the worker

_log = logging.getLogger(__name__)


def queue_for(file_bytes: int) -> str:
    """The queue for a file of this size, so that a small one never waits behind a big one."""
    return SMALL if file_bytes <= SMALL_FILE_BYTES else LARGE


def connect(redis_url: str) -> Redis:
    """A connection that gives up within a second: nobody waits long for a hint."""
    return Redis.from_url(
        redis_url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0), health_check_interval=0
    )


def call_id(job_id: str, attempt: int) -> str:
    """The queue's name for one attempt at a job; the same attempt is never queued twice."""
    return f"{job_id}-{attempt}"


def time_limit(file_bytes: int) -> int:
    """Seconds after which an attempt is taken for hung: ten minutes, and a second for each 250 kB."""
    return 600 + file_bytes // 250_000


def enqueue(connection: Redis, *, job_id: str, attempt: int, queue: str, file_bytes: int) -> bool:
    """Tell a worker about an attempt; False when the queue cannot be reached (the reconciler tries again)."""
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
        _log.warning("the job waits for the queue, which is away: %s", error, extra={"job": job_id, "attempt": attempt})
        return False
    return True


@dataclass(frozen=True, slots=True)
class Calls:
    """The call ids that Redis knows."""

    waiting: frozenset[str]  # in a queue
    started: frozenset[str]  # in a worker's hands, or in those of one that died: its entry stays for a while


def calls(connection: Redis) -> Calls:
    """What Redis knows of all queues; raises RedisError when it is away."""
    waiting: set[str] = set()
    started: set[str] = set()
    for name in QUEUES:
        queue = Queue(name, connection=connection, serializer=JSONSerializer)
        registry = queue.started_job_registry
        # In this order a call that is taken in between is seen twice, not missed.
        waiting |= set(queue.get_job_ids())
        # Whatever their dates, which are of the worker's clock: it may be another than ours.
        started |= {registry.parse_job_id(entry) for entry in connection.zrange(registry.key, 0, -1)}
    return Calls(frozenset(waiting), frozenset(started))


def answers(connection: Redis) -> bool:
    """Whether Redis is there."""
    try:
        return bool(connection.ping())
    except RedisError:
        return False


def forget(connection: Redis, *, job_id: str, attempt: int) -> None:
    """Take an attempt out of the queue if it still stands there; a queue that is away does not matter."""
    name = call_id(job_id, attempt)
    try:
        for queue in QUEUES:
            Queue(queue, connection=connection, serializer=JSONSerializer).remove(name)
        QueuedCall.fetch(name, connection=connection, serializer=JSONSerializer).delete()
    except (NoSuchJobError, InvalidJobOperation, ValueError):
        pass  # its record is gone already, or its execution is just ending: RQ raises a plain ValueError then
    except RedisError as error:
        _log.warning("the job stays in the queue for now: %s", error, extra={"job": job_id, "attempt": attempt})
