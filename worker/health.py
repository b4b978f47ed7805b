"""``python -m worker.health --queue small|large|webhooks`` or ``--reconciler``: is that process alive on this host?

Heartbeats are in Redis (a worker registers with RQ, the reconciler sets a key after each turn) or, for the webhook
deliverer, which needs no Redis, in the database.
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

WEBHOOKS = "webhooks"  # not a queue in Redis but the outbox
LONGEST_SILENCE = timedelta(seconds=45)  # an idle worker sends a heartbeat every 15 seconds, a busy one every 10
TURNS_MISSED = 3  # after which the reconciler no longer counts as alive
LONGEST_TURN = 60  # seconds, in addition


def record_heartbeat(redis: Redis, settings: Settings) -> None:
    """Record a heartbeat of this host's reconciler; raise RedisError."""
    redis.set(_heartbeat_key(), "alive", ex=TURNS_MISSED * settings.reconcile_seconds + LONGEST_TURN)


def reconciler_is_at_work(redis: Redis) -> bool:
    """Tell whether this host's reconciler is alive; raise RedisError."""
    return bool(redis.exists(_heartbeat_key()))


def worker_is_at_work(redis: Redis, queue: str) -> bool:
    """Tell whether a worker of this host serves the queue; raise RedisError."""
    served = Queue(queue, connection=redis, serializer=JSONSerializer)
    oldest, host = now() - LONGEST_SILENCE, socket.gethostname()
    workers = Worker.all(queue=served, serializer=JSONSerializer)
    return any(each.hostname == host and each.last_heartbeat and each.last_heartbeat >= oldest for each in workers)


def _heartbeat_key() -> str:
    return f"playtally:reconciler:{socket.gethostname()}"


def _is_at_work(settings: Settings, queue: str | None) -> bool:
    """Tell whether the queue's worker, or the reconciler if None, is alive; raise RedisError or SQLAlchemyError."""
    if queue == WEBHOOKS:
        with database(settings):
            return deliverer_heartbeat.is_beating()
    with queues.connect(settings.redis_url) as redis:
        return worker_is_at_work(redis, queue) if queue else reconciler_is_at_work(redis)


def main(arguments: list[str] | None = None) -> int:
    """Exit 0: alive; 1: not alive, or unknown; 2: wrong usage."""
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
        print(f"Redis unreachable: {error}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        words, *_ = str(error).splitlines()
        print(f"Database unavailable: {words}", file=sys.stderr)
        return 1
    if not found:
        name = f"worker of the {chosen.queue} queue" if chosen.queue else "reconciler"
        print(f"No {name} on this host has sent a heartbeat lately.", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
