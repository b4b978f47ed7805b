"""The queue: the only module that enqueues. Redis is a hint; the database says which jobs exist."""

from __future__ import annotations

import logging
import time

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


def in_hand(connection: Redis, queue: str) -> set[str]:
    """The call ids that stand in this queue or are in a live worker's hands; raises RedisError when nobody can tell."""
    waiting = Queue(queue, connection=connection, serializer=JSONSerializer)
    started = waiting.started_job_registry
    # A worker that died leaves its entry behind, with a date that is soon over.
    alive = connection.zrangebyscore(started.key, int(time.time()), "+inf")
    return set(waiting.get_job_ids()) | {started.parse_job_id(entry) for entry in alive}


def is_waiting(connection: Redis, *, job_id: str, attempt: int, queue: str) -> bool:
    """Whether the attempt stands in its queue or is in a worker's hands; raises RedisError when nobody can tell."""
    return call_id(job_id, attempt) in in_hand(connection, queue)


def forget(connection: Redis, *, job_id: str, attempt: int) -> None:
    """Take an attempt out of the queue if it still stands there; a queue that is away does not matter."""
    name = call_id(job_id, attempt)
    try:
        for queue in QUEUES:
            Queue(queue, connection=connection, serializer=JSONSerializer).remove(name)
        QueuedCall.fetch(name, connection=connection, serializer=JSONSerializer).delete()
    except (NoSuchJobError, InvalidJobOperation):
        pass  # its record is gone already
    except RedisError as error:
        _log.warning("the job stays in the queue for now: %s", error, extra={"job": job_id, "attempt": attempt})
