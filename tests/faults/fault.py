"""What a fault is, and how one is carried out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from store.states import JobState
from tests.faults.files import PlayFile
from tests.faults.invariants import Judge
from tests.faults.table import Row
from tests.faults.trial import Trial

DONE = frozenset({JobState.DONE})


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, and what it may lead to."""

    name: str
    happen: Callable[[Trial], None]  # sends the files, does the harm, waits for the ends
    more: tuple[str, ...] = ()  # programs beside the usual ones
    ends: frozenset[JobState] = DONE  # in which its jobs may end
    allowed: frozenset[int] = frozenset()  # codes that a client who asks may be answered with
    may_repeat: bool = False  # whether a file may have several jobs
    missing: str = ""  # why it cannot be done on this machine


def quiet(trial: Trial) -> None:
    """Nothing goes wrong."""
    trial.send()
    trial.wait_for_ends()


def _happened(fault: Fault, trial: Trial) -> list[str]:
    """Carry the fault out; gives what it expected in vain."""
    try:
        fault.happen(trial)
    except AssertionError as error:
        return [f"it did not happen as it should: {error}"]
    return []


QUIET = Fault("nothing", quiet)


def carry_out(fault: Fault, judge: Judge, files: list[PlayFile]) -> Row:
    """Do a fault to the site of a judge, who looks at what came of it."""
    site = judge.site
    site.heal()
    site.orders.clear()
    site.arrange(more=fault.more)
    trial = Trial(site, re.sub(r"[^a-z0-9]+", "-", fault.name.lower()), list(files), fault.allowed)
    with trial.watched():
        broken = _happened(fault, trial)
        found = judge.judge(trial, fault.ends, may_repeat=fault.may_repeat)
    return Row(
        fault=fault.name,
        services=str(site.conditions),
        files=len(trial.files),
        accepted=len(trial.accepted),
        lost=found.lost,
        doubled=found.doubled,
        torn=found.torn,
        seconds_to_recover=trial.seconds_to_recover(),
        slowest_upload=max((answer.seconds for answer in trial.answers), default=0.0),
        problems=(*broken, *found.problems),
    )
