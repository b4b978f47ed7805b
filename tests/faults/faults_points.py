"""kill -9 at each named point of the flow."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

from common.fault_points import POINTS
from tests.faults.fault import Fault
from tests.faults.site import SMALL
from tests.faults.trial import Trial

KILLS_OF_THE_RECONCILER = 2  # each is followed by a longer pause before it is started again


def faults() -> Iterator[Fault]:
    """One for each point."""
    for point in POINTS:
        happen = killed_after_a_death if point.startswith(("retry.", "sweep.")) else killed
        yield Fault(f"kill -9 at {point}", happen(point))


def killed(point: str) -> Callable[[Trial], None]:
    """The first processes that pass the point are killed."""

    def happen(trial: Trial) -> None:
        trial.order(point, max(1, len(trial.files) // 5))
        trial.send()
        trial.wait_for_ends()
        trial.struck_at = trial.last_obeyed()

    return happen


def killed_after_a_death(point: str) -> Callable[[Trial], None]:
    """A worker dies with its horse, and then the reconciler, when it passes the point."""

    def happen(trial: Trial) -> None:
        trial.order("step.reading", 1, signal.SIGSTOP)
        trial.send()
        trial.one_held()
        trial.order(point, KILLS_OF_THE_RECONCILER)
        os.kill(trial.site.pid(SMALL), signal.SIGKILL)
        trial.struck()
        trial.wait_for_ends()
        trial.last_obeyed()

    return happen
