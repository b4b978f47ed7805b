"""Attempts: claimed once, fenced, handed back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store import attempts, jobs
from store.attempts import LeaseLostError, PublishedPart, Standing
from store.database import db
from store.models import Job
from store.states import JobState


def test_a_queued_attempt_is_claimed_only_once(job: Job) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    assert claim.file_name == "plays.csv"
    assert attempts.claim(job.id, 1, 30) is None


PART = PublishedPart("part-00001.csv", 1, 1, "0" * 64)
WRITES = (
    lambda claim: attempts.renew(claim, 30),
    lambda claim: attempts.publish(claim, {"rows_read": 1}, [PART], jobs.keep_until(30)),
    lambda claim: attempts.fail(claim, {"code": "x"}, jobs.keep_until(30)),
    lambda claim: attempts.record_progress(
        claim, step="reading", fraction=0.5, rows_read=1, rows_per_second=None, seconds_left=None, lease_seconds=30
    ),
)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("is_followed", [False, True])
def test_an_attempt_that_was_let_go_can_write_nothing(
    job: Job, write: Callable[[attempts.Claim], None], is_followed: bool
) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    assert attempts.holds(claim)
    assert attempts.release(job.id, 1, crashed=True)
    if is_followed:
        assert attempts.follow_up(job.id, 1, jobs.keep_until(30)) is JobState.QUEUED
    assert not attempts.holds(claim)
    with pytest.raises(LeaseLostError):
        write(claim)
    db.session.expire_all()
    kept = db.session.get(Job, job.id)
    assert (kept.parts, kept.fraction, kept.error) == ([], 0.0, None)
    assert kept.lease_until is None
    assert (attempts.claim(job.id, 2, 30) is not None) == is_followed


def test_an_attempt_is_let_go_once_and_followed_once(job: Job) -> None:
    until = jobs.keep_until(30)
    assert attempts.claim(job.id, 1, 30)
    assert attempts.follow_up(job.id, 1, until) is None
    assert [attempts.release(job.id, 1, crashed=True) for _ in range(2)] == [True, False]
    assert [attempts.follow_up(job.id, 1, until) for _ in range(2)] == [JobState.QUEUED, None]
    db.session.expire_all()
    assert db.session.get(Job, job.id).crashes == 1


def test_a_job_whose_worker_died_three_times_fails_with_words(job: Job) -> None:
    until = jobs.keep_until(30)
    ends = []
    for attempt in (1, 2, 3):
        assert attempts.claim(job.id, attempt, 30) is not None
        assert attempts.release(job.id, attempt, crashed=True)
        ends.append(attempts.follow_up(job.id, attempt, until))
    assert ends == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    db.session.expire_all()
    assert db.session.get(Job, job.id).error["code"] == "worker_died"


def test_stopping_a_worker_does_not_count_as_a_crash(job: Job) -> None:
    until = jobs.keep_until(30)
    for attempt in range(1, 6):
        assert attempts.claim(job.id, attempt, 30) is not None
        assert attempts.release(job.id, attempt, crashed=False)
        assert attempts.follow_up(job.id, attempt, until) is JobState.QUEUED


def test_a_cancelled_job_stops_its_worker_at_the_next_write(job: Job) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    assert jobs.cancel(job.id, jobs.keep_until(30))
    with pytest.raises(LeaseLostError):
        attempts.renew(claim, 30)
    assert not jobs.cancel(job.id, jobs.keep_until(30))


def test_publishing_makes_the_job_done_with_its_parts(job: Job) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    parts = [PublishedPart(f"part-0000{n}.csv", n, 10, str(n) * 64) for n in (1, 2)]
    attempts.publish(claim, {"rows_read": 3, "plays": 2**70}, parts, jobs.keep_until(30))
    db.session.expire_all()
    done = db.session.get(Job, job.id)
    assert (done.state, [part.rows for part in done.parts]) == (JobState.DONE, [1, 2])
    assert done.summary["plays"] == 2**70


def test_what_became_of_an_attempt_is_known_to_whoever_tidies_up(job: Job) -> None:
    until = jobs.keep_until(30)
    assert attempts.claim(job.id, 1, 30)
    assert attempts.standing(job.id, 1) is Standing.ONGOING
    assert attempts.release(job.id, 1, crashed=False)
    assert attempts.standing(job.id, 1) is Standing.ONGOING
    assert attempts.follow_up(job.id, 1, until)
    assert (attempts.standing(job.id, 1), attempts.standing(job.id, 2)) == (Standing.SUPERSEDED, Standing.ONGOING)
    claim = attempts.claim(job.id, 2, 30)
    assert claim is not None
    attempts.publish(claim, {"rows_read": 1}, [PART], until)
    assert (attempts.standing(job.id, 1), attempts.standing(job.id, 2)) == (Standing.ENDED, Standing.PUBLISHED)
    assert attempts.standing("0" * 32, 1) is Standing.ENDED
