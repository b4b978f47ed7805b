"""The guard over a work horse: it ends the horse of a job that is lost, and one that takes too much memory."""

from __future__ import annotations

import os

import pytest
from sqlalchemy.exc import OperationalError

from store import attempts, jobs
from store.files import Files
from tests.worker.conftest import Submitted, reread, table_away
from tests.worker.test_liveness import Clock
from worker import horse_monitor as guard_module
from worker.horse_monitor import GRACE, SECONDS_BETWEEN_LOOKS, Guard, Verdict
from worker.work_horse import held_bytes

LIMIT = 1 << 40


def verdicts(guard: Guard, clock: Clock, looks: int = 5) -> set[Verdict | None]:
    found = set()
    for _ in range(looks):
        clock.seconds += SECONDS_BETWEEN_LOOKS
        found.add(guard.verdict())
    return found


def test_a_horse_whose_attempt_waits_works_is_let_go_or_published_goes_on(job: Submitted) -> None:
    clock = Clock()
    guard = Guard(os.getpid(), job.id, 1, LIMIT, clock)
    assert verdicts(guard, clock) == {None}
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    assert verdicts(guard, clock) == {None}
    attempts.publish(claim, {"rows_read": 1}, [], jobs.keep_until(1))
    assert verdicts(guard, clock) == {None}


@pytest.mark.parametrize("how", ["cancelled", "removed", "followed"])
def test_a_horse_that_lost_its_job_has_a_moment_to_stop_by_itself(job: Submitted, files: Files, how: str) -> None:
    clock = Clock()
    guard = Guard(os.getpid(), job.id, 1, LIMIT, clock)
    assert attempts.claim(job.id, 1, 30)
    if how == "cancelled":
        jobs.cancel(job.id, jobs.keep_until(1))
    elif how == "removed":
        jobs.remove(files, job.id)
    else:
        attempts.release(job.id, 1, crashed=True)
        attempts.follow_up(job.id, 1, jobs.keep_until(1))
    assert verdicts(guard, clock, int(GRACE / SECONDS_BETWEEN_LOOKS)) == {None}
    assert verdicts(guard, clock, 1) == {Verdict.LOST}


def test_a_database_that_is_away_ends_no_horse(job: Submitted, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    clock = Clock()
    monkeypatch.setattr(attempts, "standing", away)
    assert verdicts(Guard(os.getpid(), job.id, 1, LIMIT, clock), clock, 20) == {None}


def test_a_database_that_refused_one_look_is_asked_again(job: Submitted) -> None:
    clock = Clock()
    guard = Guard(os.getpid(), job.id, 1, LIMIT, clock)
    with table_away("job"):
        assert verdicts(guard, clock, 1) == {None}
    jobs.cancel(job.id, jobs.keep_until(1))
    assert verdicts(guard, clock) == {None, Verdict.LOST}


def test_a_horse_over_its_memory_is_ended(job: Submitted, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    guard = Guard(os.getpid(), job.id, 1, LIMIT, clock)
    monkeypatch.setattr(guard_module, "held_bytes", lambda _horse: LIMIT * 2)
    assert verdicts(guard, clock, 1) == {Verdict.OUT_OF_MEMORY}


def test_what_a_process_holds_grows_with_what_it_fills() -> None:
    before = held_bytes(os.getpid())
    filled = bytearray(os.urandom(1 << 20) * 64)
    assert held_bytes(os.getpid()) - before > len(filled) // 2


def test_a_process_that_is_gone_holds_nothing() -> None:
    assert held_bytes(1 << 30) == 0


def test_it_reads_nothing_more_often_than_it_says(job: Submitted) -> None:
    clock = Clock()
    guard = Guard(os.getpid(), job.id, 1, LIMIT, clock)
    assert guard.verdict() is None
    jobs.cancel(job.id, jobs.keep_until(1))
    assert {guard.verdict() for _ in range(100)} == {None}
    assert reread(job.id).state.value == "cancelled"
