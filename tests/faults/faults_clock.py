"""Clocks of worker and reconciler an hour apart, by libfaketime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.faults_processes import kill_with_horse
from tests.faults.files import slow_file
from tests.faults.site import RECONCILER, SMALL
from tests.faults.trial import Trial


def faults() -> Iterator[Fault]:
    """Both ways, for both."""
    for program in (SMALL, RECONCILER):
        for hours in ("+1", "-1"):
            yield Fault(f"clock of the {program} {hours} h off", worker_killed, {program: clock(hours)})


def clock(hours: str) -> str:
    """The words before a command that set its clock; only the clock of the day, and not that which counts up."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), "libfaketimeMT.so.1")
    return f"env LD_PRELOAD={library} FAKETIME={hours}h FAKETIME_DONT_FAKE_MONOTONIC=1"


def worker_killed(trial: Trial) -> None:
    """A worker dies and is missed in time, and one that takes long is not taken for dead."""
    trial.send()
    kill_with_horse(trial.site, SMALL)
    trial.struck()
    slow = slow_file(4 * trial.site.services.reconcile_seconds, packed=True)
    trial.files.append(slow)
    trial.send([slow], copies=1)
    trial.wait_for_ends()
