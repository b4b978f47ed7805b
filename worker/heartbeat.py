"""Heartbeat of an attempt: a thread renews its lease, however long a step takes, and notices when it is lost."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from store import attempts
from store.attempts import Claim, LeaseLostError
from store.database import db

SECONDS_BETWEEN_LOOKS = 0.5

_log = logging.getLogger(__name__)


class Heartbeat:
    """A thread that renews the lease three times per lease period, until the block ends or the lease is lost."""

    def __init__(self, app: Flask, claim: Claim, lease_seconds: int) -> None:
        self.lost = threading.Event()  # set once the attempt no longer holds the job
        self._app = app
        self._claim = claim
        self._lease_seconds = lease_seconds
        self._renewed_at = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self.lost.is_set() and not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            with self._app.app_context():
                self._look()
                db.session.remove()

    def _look(self) -> None:
        try:
            if time.monotonic() - self._renewed_at >= self._lease_seconds / 3:
                attempts.renew(self._claim, self._lease_seconds)
                self._renewed_at = time.monotonic()
            elif not attempts.holds(self._claim):
                self.lost.set()
        except LeaseLostError:
            self.lost.set()
        except SQLAlchemyError as error:
            # The next beat tries again; if the lease expires meanwhile, fencing keeps us from writing.
            _log.warning("heartbeat not recorded: %s", error)
