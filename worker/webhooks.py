"""``python -m worker.webhooks``: the deliverer, which sends webhooks from the outbox until it is told to stop.

It claims due tries in the database and makes them in threads, which mostly wait for receivers. Several processes may
run. If one dies during a try, the claim expires after a minute and the try is repeated. Of the processing, it imports
only the sentences.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from common.settings import Settings
from store import webhooks
from store.database import db
from store.webhooks import Delivery
from worker import daemon, deliverer_heartbeat
from worker.context import database
from worker.delivery import deliver
from worker.http_post import Poster

AT_ONCE = 8  # tries; a receiver that does not answer occupies one slot for 15 seconds
POLL = 1.0  # seconds between two queries while nothing is due
SECONDS_TO_STOP = 5.0  # for running tries; the launcher and containers wait at least ten

_log = logging.getLogger(__name__)


class Deliverer:
    """The threads of one process, each of which makes one try."""

    def __init__(self, app: Flask, poster: Poster) -> None:
        self._app = app
        self._poster = poster
        self._slots = threading.Semaphore(AT_ONCE)

    def begin_one(self) -> bool:
        """Wait for a free slot, claim a try and start it; False if none is due.

        Raises:
            SQLAlchemyError: the database is unavailable.
        """
        if not self._slots.acquire(timeout=POLL):
            return True  # all slots are busy: call again at once
        delivery = None
        try:
            delivery = webhooks.claim_due()
        finally:
            if delivery is None:
                self._slots.release()
        if delivery is None:
            return False
        # A daemon thread: one that hangs must not delay the exit.
        threading.Thread(target=self._make, args=(delivery,), daemon=True).start()
        return True

    def wait_for_all(self, seconds: float) -> None:
        """Wait for running tries, at most for the given time."""
        deadline = time.monotonic() + seconds
        for _ in range(AT_ONCE):
            self._slots.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def _make(self, delivery: Delivery) -> None:
        try:
            with self._app.app_context():
                deliver(delivery, self._poster)
        except Exception:  # such as an unavailable database: the claim expires after a minute
            _log.exception("webhook try interrupted", extra={"job": delivery.job_id})
        finally:
            self._slots.release()


def serve(settings: Settings, stop: threading.Event) -> None:
    """Deliver due webhooks until told to stop."""
    _log.info("webhook deliverer ready")
    next_beat = 0.0
    with database(settings) as app:
        deliverer = Deliverer(app, Poster(to_private=settings.webhooks_to_private))
        while not stop.is_set():
            try:
                if time.monotonic() >= next_beat:
                    deliverer_heartbeat.beat()
                    next_beat = time.monotonic() + deliverer_heartbeat.SECONDS_BETWEEN_BEATS
                if not deliverer.begin_one():
                    stop.wait(POLL)
            except SQLAlchemyError as error:
                _log.warning("database unavailable (%s); retrying", error)
                db.session.remove()
                stop.wait(POLL)
        deliverer.wait_for_all(SECONDS_TO_STOP)
        _end_heartbeat()


def _end_heartbeat() -> None:
    try:
        deliverer_heartbeat.end()
    except SQLAlchemyError as error:
        _log.warning("heartbeat not removed: %s", error)


if __name__ == "__main__":
    sys.exit(daemon.run("webhooks", serve))
