"""``python -m worker.reconciler``: makes queue and files agree with the database, again and again.

It alone retries: attempts whose worker shows no sign of life, and jobs that wait while no queue knows of them.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from store import queues, upkeep
from store.files import Files
from store.settings import Settings, SettingsError, read_settings
from worker import health, logs
from worker.context import database
from worker.handing_back import enqueue, hand_back

_log = logging.getLogger(__name__)


def turn(settings: Settings, redis: Redis) -> None:
    """Put right what can be put right now; raises SQLAlchemyError when the database is away."""
    files = Files(settings.data_dir)
    with database(settings):
        for job_id, attempt in upkeep.dead_attempts():
            hand_back(settings, redis, job_id, attempt, crashed=True)
        tell_the_queue(redis)
        for removed in upkeep.sweep(files):
            _log.info("removed %s", removed)
        for job_id in upkeep.expire(files):
            _log.info("job %s: its files were removed, their date is past", job_id)


def tell_the_queue(redis: Redis) -> None:
    """Enqueue the attempts that wait in the database but in no queue."""
    waiting = upkeep.waiting()
    if not waiting:
        return
    try:
        known = set().union(*(queues.in_hand(redis, queue) for queue in queues.QUEUES))
    except RedisError as error:
        _log.warning("%d jobs wait for the queue, which is away: %s", len(waiting), error)
        return
    for attempt in waiting:
        if queues.call_id(attempt.job_id, attempt.attempt) not in known:
            queues.forget(redis, job_id=attempt.job_id, attempt=attempt.attempt)
            if enqueue(redis, attempt):
                _log.info("job %s: the queue had not heard of attempt %d", attempt.job_id, attempt.attempt)


def serve(settings: Settings, stop: threading.Event) -> None:
    """Take a turn every ``reconcile_seconds`` until told to stop."""
    redis = queues.connect(settings.redis_url)
    while not stop.is_set():
        try:
            turn(settings, redis)
            health.leave_sign(redis, settings)
        except (SQLAlchemyError, RedisError, OSError) as error:
            _log.warning("this turn broke off: %s", error)
        stop.wait(settings.reconcile_seconds)
    redis.close()


def main() -> int:
    """Serve until SIGTERM or SIGINT; gives the exit code."""
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.set_up()
    stop = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    _log.info("a turn every %d seconds", settings.reconcile_seconds)
    serve(settings, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
