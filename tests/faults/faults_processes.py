"""Processes that are killed, told to stop, or stand still for a while."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

from processing.progress import Step
from store.queues import SMALL_FILE_BYTES
from tests.faults.fault import Fault
from tests.faults.files import large_file, play_file
from tests.faults.site import LARGE, RECONCILER, SECOND_SMALL, SMALL, WEB, Site
from tests.faults.trial import Trial
from tests.processes import children, eventually, is_alive, parent

HELD_AT = ("attempt.claimed", "step.reading", "publish.staged", "publish.renamed", "publish.committed")
HELD_ALONE_AT = ("step.reading", "publish.renamed")  # its worker still sees after it


def faults() -> Iterator[Fault]:
    """Kills first, then SIGTERM, then SIGSTOP."""
    yield Fault("kill -9 of a worker, not its horse", worker_killed)
    yield Fault("kill -9 of a worker before its claim", worker_killed_before_its_claim)
    yield Fault("kill -9 of a worker while all others are busy", worker_killed_while_others_are_busy)
    yield Fault("kill -9 of the reconciler and a worker", reconciler_killed)
    yield Fault("kill -9 of everything", everything_killed)
    for step in Step:
        yield Fault(f"SIGTERM to a worker in step {step}", worker_told_to_stop(step))
    yield Fault("SIGTERM to web", web_told_to_stop)
    yield Fault("SIGTERM to everything", everything_told_to_stop)
    for point in HELD_ALONE_AT:
        yield Fault(f"horse held at {point} past its lease", horse_held(point), more=(SECOND_SMALL,))
    for point in HELD_AT:
        yield Fault(f"worker and horse held at {point} past their lease", both_held(point), more=(SECOND_SMALL,))
    yield Fault("two horses of a job held, the first woken first", two_horses_held, more=(SECOND_SMALL,))


def worker_killed(trial: Trial) -> None:
    """In the middle of a job; its horse dies with it."""
    _kill_worker_at("step.reading", trial)


def worker_killed_before_its_claim(trial: Trial) -> None:
    """It took a job off the queue, and the database knows nothing of that."""
    _kill_worker_at("attempt.taken", trial)


def _kill_worker_at(point: str, trial: Trial) -> None:
    trial.order(point, 1, signal.SIGSTOP)
    trial.send()
    trial.one_held()
    kill(trial.site.pid(SMALL))
    trial.struck()
    trial.wait_for_ends()


def worker_killed_while_others_are_busy(trial: Trial) -> None:
    """The worker that is killed is the only one that has time for what it left."""
    busy = [play_file("small.csv", [("Busy", "2024-01-01", 1)]), large_file(SMALL_FILE_BYTES)]
    trial.files += busy
    trial.bystanders += busy
    are_free = [trial.site.orders.pause("step.reading") for _ in busy]
    try:
        trial.send(busy, copies=1)
        trial.site.horses(SMALL)
        trial.site.horses(LARGE)
        trial.site.arrange(more=(SECOND_SMALL,))
        trial.send(trial.files[: -len(busy)])
        kill_with_horse(trial.site, SECOND_SMALL)
        trial.struck()
        others = [file.name for file in trial.files[: -len(busy)]]
        trial.wait_for_all_accepted()
        trial.wait_for_ends_of(others)
    finally:
        for set_free in are_free:
            set_free()
    trial.wait_for_ends()


def reconciler_killed(trial: Trial) -> None:
    """Both of those who could put it right are away for a moment."""
    trial.send()
    kill_with_horse(trial.site, SMALL)
    kill(trial.site.pid(RECONCILER))
    trial.struck()
    trial.wait_for_ends()


def everything_killed(trial: Trial) -> None:
    """As a power cut would; then all is started again."""
    trial.send()
    trial.wait_for_accepted()
    trial.site.kill_everything()
    trial.struck()
    trial.site.open_stage()
    trial.site.arrange()
    trial.wait_for_ends()


def worker_told_to_stop(step: Step) -> Callable[[Trial], None]:
    """In the middle of a step; it is started again at once, as after a deployment."""

    def happen(trial: Trial) -> None:
        trial.order(f"step.{step}", 1, signal.SIGSTOP)
        trial.send()
        trial.one_held()
        os.kill(trial.site.pid(SMALL), signal.SIGTERM)
        trial.struck()
        trial.wait_for_ends()

    return happen


def web_told_to_stop(trial: Trial) -> None:
    """In the middle of uploads."""
    trial.send()
    trial.wait_for_accepted(0.25)
    os.kill(trial.site.pid(WEB), signal.SIGTERM)
    trial.struck()
    trial.wait_for_ends()


def everything_told_to_stop(trial: Trial) -> None:
    """As a deployment does; then all is started again."""
    trial.send()
    trial.wait_for_accepted()
    trial.site.stop_all()
    trial.struck()
    trial.site.open_stage()
    trial.site.arrange()
    trial.wait_for_ends()


def horse_held(point: str) -> Callable[[Trial], None]:
    """A horse stands still until its job was done by another, and then goes on."""

    def happen(trial: Trial) -> None:
        trial.order(point, 1, signal.SIGSTOP)
        trial.send()
        zombie = trial.one_held()
        trial.struck()
        trial.wait_for_ends()
        wake(zombie)

    return happen


def both_held(point: str) -> Callable[[Trial], None]:
    """A whole machine stands still; when it goes on, nobody has told the horse that its job was done by another."""

    def happen(trial: Trial) -> None:
        trial.order(point, 1, signal.SIGSTOP)
        trial.send()
        zombie = trial.one_held()
        worker = parent(zombie)
        os.kill(worker, signal.SIGSTOP)
        trial.struck()
        trial.wait_for_ends()
        wake(zombie)
        os.kill(worker, signal.SIGCONT)

    return happen


def two_horses_held(trial: Trial) -> None:
    """The first goes on, its worker held, while the second, whose job it is now, stands still."""
    trial.order("publish.staged", 1, signal.SIGSTOP)
    trial.send()
    first = trial.one_held()
    worker = parent(first)
    os.kill(worker, signal.SIGSTOP)
    trial.struck()
    trial.order("publish.staged", 1, signal.SIGSTOP)
    (second,) = eventually(lambda: [pid for pid in trial.site.held() if pid not in (first, worker)], trial.patience)
    wake(first)
    os.kill(worker, signal.SIGCONT)
    os.kill(second, signal.SIGCONT)
    trial.wait_for_ends()


def kill(pid: int) -> None:
    """End a process at once, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))


def kill_with_horse(site: Site, worker: str) -> None:
    """Kill a worker that has a job right now."""
    pid = site.pid(worker)
    eventually(lambda: children(pid))
    kill(pid)


def wake(horse: int) -> None:
    """Let a held horse go on, and wait for its end; one whose job went to another may be gone already."""
    try:
        os.kill(horse, signal.SIGCONT)
    except ProcessLookupError:
        return
    eventually(lambda: not is_alive(horse))
