"""``python -m worker.webhooks``: delivers webhooks, some at a time, for as long as it is not told to stop.

It takes tries off their queue and makes them in threads: they only wait for receivers. It needs no child of its own,
loads nothing of the processing, and if it dies in a try, that try is over after a minute and the next one follows.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError

from common.settings import Settings
from store import queues
from worker import daemon, health
from worker.context import database
from worker.delivery import deliver
from worker.http_post import Poster

AT_ONCE = 8  # tries; a receiver that does not answer takes the place of others for 15 seconds
POLL = 0.2  # seconds between two looks at an empty queue
SECONDS_TO_STOP = 5.0  # for tries that are being made; the launcher and containers wait for ten and more

_log = logging.getLogger(__name__)


class Deliverer:
    """The threads of one process, of which each makes one try."""

    def __init__(self, app: Flask, poster: Poster) -> None:
        self._app = app
        self._poster = poster
        self._seats = threading.Semaphore(AT_ONCE)

    def take_one(self, redis: Redis) -> bool:
        """Take a try off the queue and begin it, once there is a seat for it; False when there was none.

        Raises:
            RedisError: the queue is away.
        """
        if not self._seats.acquire(timeout=POLL):
            return True  # all are busy: come again at once
        call = None
        try:
            call = queues.take_webhook(redis)
        finally:
            if call is None:
                self._seats.release()
        if call is None:
            return False
        threading.Thread(target=self._make, args=call, daemon=True).start()  # one that hangs must not keep us
        return True

    def wait_for_all(self, seconds: float) -> None:
        """Wait for the tries that are being made, so long at most."""
        deadline = time.monotonic() + seconds
        for _ in range(AT_ONCE):
            self._seats.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def _make(self, webhook_id: str, tries: int) -> None:
        try:
            with self._app.app_context():
                deliver(webhook_id, tries, self._poster)
        except Exception:  # such as a database that is away: the try is over after a minute
            _log.exception("a try of a webhook broke off")
        finally:
            self._seats.release()


def serve(settings: Settings, stop: threading.Event) -> None:
    """Deliver until told to stop."""
    _log.info("ready to deliver webhooks")
    redis = queues.connect(settings.redis_url)
    next_sign = 0.0
    with database(settings) as app:
        deliverer = Deliverer(app, Poster(to_private=settings.webhooks_to_private))
        while not stop.is_set():
            try:
                if time.monotonic() >= next_sign:
                    health.leave_deliverers_sign(redis)
                    next_sign = time.monotonic() + health.SECONDS_BETWEEN_SIGNS
                if not deliverer.take_one(redis):
                    stop.wait(POLL)
            except RedisError as error:
                _log.warning("the queue is away (%s); trying again", error)
                stop.wait(1)
        deliverer.wait_for_all(SECONDS_TO_STOP)
    redis.close()


if __name__ == "__main__":
    sys.exit(daemon.run("webhooks", serve))
