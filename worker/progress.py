"""Recording of progress: from processing to the row of the job, at most twice a second."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from common import fault_points, logs
from common.settings import Settings
from processing.progress import Progress, Step
from store import attempts, disk_space
from store.attempts import Claim, LeaseLostError
from store.database import db
from store.files import Files

SECONDS_BETWEEN_WRITES = 0.5
SECONDS_BEFORE_GUESSING = 1.0  # earlier estimates of the time left would jump about

_log = logging.getLogger(__name__)


class ProgressReporter:
    """A callback for processing; what it raises ends the run.

    It raises LeaseLostError once the attempt no longer holds the job, and OSError once only the disk's reserve is left.
    """

    def __init__(
        self,
        claim: Claim,
        settings: Settings,
        files: Files,
        lost: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.step = Step.CHECKING  # the last one seen
        self._claim = claim
        self._settings = settings
        self._files = files
        self._lost = lost
        self._clock = clock
        self._began = clock()
        self._written: float | None = None
        self._rows_per_second: float | None = None

    def __call__(self, progress: Progress) -> None:
        """Note the progress, and record it if half a second has passed or a step begins."""
        before, self.step = self.step, progress.step
        logs.at_step(progress.step)
        fault_points.point(f"step.{progress.step}")
        if self._lost.is_set():
            raise LeaseLostError(f"attempt {self._claim.attempt} at job {self._claim.job_id} is over")
        moment = self._clock()
        if self._written is None or moment - self._written >= SECONDS_BETWEEN_WRITES or progress.step is not before:
            self._written = moment
            self._check_the_disk()
            self._write(progress, moment - self._began)

    def _check_the_disk(self) -> None:
        """Raise OSError (ENOSPC) once only the reserve is left, which the database and other jobs need."""
        if min(disk_space.room(self._files, "scratch"), disk_space.room(self._files, "staging")) < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write(self, progress: Progress, seconds: float) -> None:
        try:
            attempts.record_progress(
                self._claim,
                step=progress.step,
                fraction=progress.fraction,
                rows_read=progress.rows_read,
                rows_per_second=self._speed(progress, seconds),
                seconds_left=_seconds_left(progress.fraction, seconds),
                lease_seconds=self._settings.lease_seconds,
            )
        except SQLAlchemyError as error:
            _log.warning("progress not recorded: %s", error)
        finally:
            db.session.remove()

    def _speed(self, progress: Progress, seconds: float) -> float | None:
        """Return the rows read per second; after reading has ended, its last speed."""
        if progress.step is Step.READING and seconds > 0:
            self._rows_per_second = progress.rows_read / seconds
        return self._rows_per_second


def _seconds_left(fraction: float, seconds: float) -> float | None:
    if fraction <= 0 or seconds < SECONDS_BEFORE_GUESSING:
        return None
    return seconds * (1 - fraction) / fraction
