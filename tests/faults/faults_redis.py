"""Redis killed, emptied, away, or silent."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator

from store import queues
from tests.faults.fault import Fault
from tests.faults.faults_processes import kill
from tests.faults.site import REDIS
from tests.faults.trial import Trial

GROSSLY_LATER = 5.0  # seconds; a second is what it may be, but other programs share the machine


def faults() -> Iterator[Fault]:
    """With its memory, without it, and without an answer."""
    yield Fault("Redis killed, back with its file", killed)
    yield Fault("Redis killed, back without its file", killed_without_file)
    yield Fault("Redis away", away)
    yield Fault("Redis flushed", flushed)
    yield Fault("Redis stopped", stopped)


def killed(trial: Trial) -> None:
    """Three times; the supervisor starts it again, and it reads what it wrote."""
    trial.send()
    for share in (0.2, 0.4, 0.6):
        trial.wait_for_accepted(share)
        kill(trial.site.pid(REDIS))
        trial.struck()
        trial.site.wait_for_redis()
    trial.wait_for_ends()


def killed_without_file(trial: Trial) -> None:
    """It runs without appendonly, and comes back knowing nothing."""
    trial.site.arrange(suffixes={REDIS: "--appendonly no"})
    trial.send()
    trial.wait_for_accepted()
    kill(trial.site.pid(REDIS))
    trial.struck()
    trial.wait_for_ends()
    shutil.rmtree(trial.site.data_dir / "redis" / "appendonlydir")  # the next one must not read what is old
    trial.site.arrange()


def away(trial: Trial) -> None:
    """Nobody listens where it was."""
    trial.send()
    trial.wait_for_accepted(0.25)
    before = len(trial.answers)
    trial.site.stop(REDIS)
    time.sleep(trial.site.conditions.outage_seconds / 2)
    trial.site.arrange()
    trial.struck()
    trial.wait_for_ends()
    _expect_quick_answers(trial, before)


def flushed(trial: Trial) -> None:
    """It forgets everything, three times."""
    trial.send()
    with queues.connect(trial.site.settings.redis_url) as redis:
        for share in (0.3, 0.6, 0.9):
            trial.wait_for_accepted(share)
            redis.flushall()
    trial.struck()
    trial.wait_for_ends()


def stopped(trial: Trial) -> None:
    """It takes connections and says nothing."""
    trial.send()
    trial.wait_for_accepted(0.25)
    before = len(trial.answers)
    redis = trial.site.pid(REDIS)
    os.kill(redis, signal.SIGSTOP)
    time.sleep(trial.site.conditions.outage_seconds)
    os.kill(redis, signal.SIGCONT)
    trial.struck()
    trial.wait_for_ends()
    _expect_quick_answers(trial, before)


def _expect_quick_answers(trial: Trial, before: int) -> None:
    """Uploads are answered without waiting for Redis; how much later than before shows in the table."""
    usual = max(answer.seconds for answer in trial.answers[:before])
    later = max(answer.seconds for answer in trial.answers[before:]) - usual
    assert later < GROSSLY_LATER, f"an upload was answered {later:.1f} s later than before"
