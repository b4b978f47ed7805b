"""``python -m worker.health --queue small|large|webhooks`` or ``--reconciler``: is that process of this host at work?

All leave signs of life in Redis: a worker through its registration with RQ, the deliverer of webhooks every few
seconds, the reconciler after each turn.
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

from common.settings import Settings, SettingsError, read_settings
from store import queues
from store.database import now

LONGEST_SILENCE = timedelta(seconds=45)  # an idle worker shows itself every 15 seconds, a busy one every 10
SECONDS_BETWEEN_SIGNS = 10  # of the deliverer
TURNS_MISSED = 3  # after so many the reconciler does not count as at work
LONGEST_TURN = 60  # seconds, on top of them


def leave_sign(redis: Redis, settings: Settings) -> None:
    """Say that this host's reconciler has just taken a turn; raises RedisError."""
    redis.set(_sign("reconciler"), "at work", ex=TURNS_MISSED * settings.reconcile_seconds + LONGEST_TURN)


def reconciler_is_at_work(redis: Redis) -> bool:
    """Whether this host's reconciler took a turn lately; raises RedisError."""
    return bool(redis.exists(_sign("reconciler")))


def leave_deliverers_sign(redis: Redis) -> None:
    """Say that this host's deliverer of webhooks is at work, which it does all the time; raises RedisError."""
    redis.set(_sign(queues.WEBHOOKS), "at work", ex=LONGEST_SILENCE)


def worker_is_at_work(redis: Redis, queue: str) -> bool:
    """Whether a worker of this host serves the queue; raises RedisError."""
    if queue == queues.WEBHOOKS:
        return bool(redis.exists(_sign(queue)))
    served = Queue(queue, connection=redis, serializer=JSONSerializer)
    oldest, host = now() - LONGEST_SILENCE, socket.gethostname()
    workers = Worker.all(queue=served, serializer=JSONSerializer)
    return any(each.hostname == host and each.last_heartbeat and each.last_heartbeat >= oldest for each in workers)


def _sign(process: str) -> str:
    return f"playtally:{process}:{socket.gethostname()}"


def main(arguments: list[str] | None = None) -> int:
    """Exit 0: it is at work; 1: it is not, or Redis cannot say; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m worker.health", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--queue", choices=(*queues.QUEUES, queues.WEBHOOKS))
    which.add_argument("--reconciler", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        with queues.connect(read_settings().redis_url) as redis:
            found = worker_is_at_work(redis, chosen.queue) if chosen.queue else reconciler_is_at_work(redis)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except RedisError as error:
        print(f"Redis cannot say who is at work: {error}", file=sys.stderr)
        return 1
    if not found:
        name = f"worker of the {chosen.queue} queue" if chosen.queue else "reconciler"
        print(f"No {name} of this host has shown a sign of life lately.", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
