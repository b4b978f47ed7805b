"""Progress: written at most twice a second, with a speed and a time left."""

from __future__ import annotations

import errno
import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from common.settings import Settings
from processing.progress import Progress, Step
from store import attempts, disk_space
from store.attempts import Claim, LeaseLostError
from store.files import Files
from tests.worker.conftest import Submitted, reread
from worker.progress import ProgressReporter


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def claim(job: Submitted) -> Claim:
    found = attempts.claim(job.id, 1, 30)
    assert found is not None
    return found


def test_progress_is_written_at_most_twice_a_second(
    claim: Claim, settings: Settings, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[float] = []
    monkeypatch.setattr(attempts, "record_progress", lambda _claim, **values: written.append(values["fraction"]))
    clock = Clock()
    report = ProgressReporter(claim, settings, files, threading.Event(), clock)
    for hundredth in range(201):
        clock.seconds = 100 + hundredth / 100
        report(Progress(Step.READING, hundredth / 1000, hundredth))
    assert written == [0.0, 0.05, 0.1, 0.15, 0.2]


def test_speed_and_time_left_stand_in_the_jobs_row(claim: Claim, settings: Settings, files: Files) -> None:
    clock = Clock()
    report = ProgressReporter(claim, settings, files, threading.Event(), clock)
    clock.seconds += 10
    report(Progress(Step.READING, 0.25, 5000))
    job = reread(claim.job_id)
    assert (job.step, job.fraction, job.rows_read) == ("reading", 0.25, 5000)
    assert (job.rows_per_second, job.seconds_left) == (500.0, 30.0)


def test_the_speed_of_the_reading_is_kept_in_the_steps_after_it(claim: Claim, settings: Settings, files: Files) -> None:
    clock = Clock()
    report = ProgressReporter(claim, settings, files, threading.Event(), clock)
    clock.seconds += 10
    report(Progress(Step.READING, 0.5, 5000))
    clock.seconds += 10
    report(Progress(Step.TOTALLING, 0.75, 5000))
    assert reread(claim.job_id).rows_per_second == 500.0


def test_a_lost_lease_ends_the_run_even_between_two_writes(claim: Claim, settings: Settings, files: Files) -> None:
    lost = threading.Event()
    report = ProgressReporter(claim, settings, files, lost, Clock())
    report(Progress(Step.CHECKING, 0.0, 0))
    lost.set()
    with pytest.raises(LeaseLostError):
        report(Progress(Step.READING, 0.1, 1))


def test_a_database_that_is_away_does_not_end_the_run(
    claim: Claim, settings: Settings, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_values: Any) -> None:
        raise OperationalError("UPDATE job", {}, Exception("away"))

    monkeypatch.setattr(attempts, "record_progress", fail)
    ProgressReporter(claim, settings, files, threading.Event())(Progress(Step.READING, 0.1, 1))


def test_each_new_step_is_written_at_once(claim: Claim, settings: Settings, files: Files) -> None:
    report = ProgressReporter(claim, settings, files, threading.Event(), Clock())
    for step in Step:
        report(Progress(step, 0.5, 1))
        assert reread(claim.job_id).step == step


def test_a_run_stops_where_the_reserve_of_the_disk_begins(
    claim: Claim, settings: Settings, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files, kind: -1 if kind == "scratch" else 10)
    with pytest.raises(OSError, match="No space left") as full:
        ProgressReporter(claim, settings, files, threading.Event())(Progress(Step.READING, 0.1, 1))
    assert full.value.errno == errno.ENOSPC
