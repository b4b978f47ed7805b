"""Clocks of worker and reconciler an hour apart.

Debian's faketime would do it, but makes every sleep fail that waits by the clock that counts up, as Python's does.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.faults_processes import kill_with_horse
from tests.faults.files import play_file
from tests.faults.site import RECONCILER, SMALL
from tests.faults.trial import Trial

HOUR = 3600  # seconds
SECONDS_MORE = 3  # than a lease, so that one who goes by the dates in it would take the job for dead
_SOURCE = Path(__file__).with_name("clock.c")


def faults() -> Iterator[Fault]:
    """Both ways, for both."""
    missing = "" if shutil.which("cc") else "a clock can only be moved where there is a C compiler"
    for program in (SMALL, RECONCILER):
        for name, seconds in (("ahead", HOUR), ("behind", -HOUR)):
            yield Fault(f"clock of the {program} an hour {name}", clock_is_off(program, seconds), missing=missing)


def clock_is_off(program: str, seconds: int) -> Callable[[Trial], None]:
    """A worker dies and is missed in time, and one that takes long is not taken for dead."""

    def happen(trial: Trial) -> None:
        library = trial.site.orders.folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, _SOURCE], check=True)
        trial.site.arrange({program: f"env LD_PRELOAD={library} CLOCK_OFFSET={seconds}"})
        trial.send()
        kill_with_horse(trial.site, SMALL)
        trial.struck()
        trial.wait_for_ends()
        long = play_file("long.csv", [("Long", "2024-01-01", 1)])
        trial.files.append(long)
        goes_on = trial.site.orders.pause("step.reading")
        trial.send([long], copies=1)
        trial.wait_for_all_accepted()
        time.sleep(trial.site.conditions.lease_seconds + SECONDS_MORE)  # in which its worker renews the lease
        goes_on()
        trial.wait_for_ends()
        trial.site.arrange()

    return happen
