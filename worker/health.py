"""``python -m worker.health --queue small|large|webhooks`` or ``--reconciler``: is that process of this host at work?

Signs of life are in Redis (a worker registers with RQ, the reconciler leaves a key after each turn) or, for the
deliverer of webhooks, which needs no Redis, in the database.
"""

from __future__ import annotations

import argparse
import socket
import sys
from datetime import timedelta

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from common.settings import Settings, SettingsError, read_settings
from store import queues
from store.database import now
from worker import deliverer_heartbeat
from worker.context import database

WEBHOOKS = "webhooks"  # no queue of Redis but the outbox
LONGEST_SILENCE = timedelta(seconds=45)  # an idle worker shows itself every 15 seconds, a busy one every 10
TURNS_MISSED = 3  # after so many the reconciler does not count as at work
LONGEST_TURN = 60  # seconds, on top of them


def record_heartbeat(redis: Redis, settings: Settings) -> None:
    """Say that this host's reconciler has just taken a turn; raises RedisError."""
    redis.set(_heartbeat_key(), "at work", ex=TURNS_MISSED * settings.reconcile_seconds + LONGEST_TURN)


def reconciler_is_at_work(redis: Redis) -> bool:
    """Whether this host's reconciler took a turn lately; raises RedisError."""
    return bool(redis.exists(_heartbeat_key()))


def worker_is_at_work(redis: Redis, queue: str) -> bool:
    """Whether a worker of this host serves the queue; raises RedisError."""
    served = Queue(queue, connection=redis, serializer=JSONSerializer)
    oldest, host = now() - LONGEST_SILENCE, socket.gethostname()
    workers = Worker.all(queue=served, serializer=JSONSerializer)
    return any(each.hostname == host and each.last_heartbeat and each.last_heartbeat >= oldest for each in workers)


def _heartbeat_key() -> str:
    return f"playtally:reconciler:{socket.gethostname()}"


def _is_at_work(settings: Settings, queue: str | None) -> bool:
    """Whether the worker of a queue, or without one the reconciler, is at work; raises RedisError, SQLAlchemyError."""
    if queue == WEBHOOKS:
        with database(settings):
            return deliverer_heartbeat.is_beating()
    with queues.connect(settings.redis_url) as redis:
        return worker_is_at_work(redis, queue) if queue else reconciler_is_at_work(redis)


def main(arguments: list[str] | None = None) -> int:
    """Exit 0: it is at work; 1: it is not, or nobody can say; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m worker.health", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--queue", choices=(*queues.QUEUES, WEBHOOKS))
    which.add_argument("--reconciler", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        found = _is_at_work(read_settings(), chosen.queue)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except RedisError as error:
        print(f"Redis cannot say who is at work: {error}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        words, *_ = str(error).splitlines()
        print(f"The database cannot say who is at work: {words}", file=sys.stderr)
        return 1
    if not found:
        name = f"worker of the {chosen.queue} queue" if chosen.queue else "reconciler"
        print(f"No {name} of this host has shown a sign of life lately.", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
