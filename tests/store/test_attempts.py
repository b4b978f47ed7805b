"""Attempts: claimed once, fenced, handed back."""

from __future__ import annotations

import pytest

from store import attempts, jobs
from store.attempts import LeaseLostError, PublishedPart
from store.database import db
from store.models import Job
from store.states import JobState


def test_a_queued_attempt_is_claimed_only_once(job: Job) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    assert claim.file_name == "plays.csv"
    assert attempts.claim(job.id, 1, 30) is None


def test_an_attempt_that_was_handed_back_can_no_longer_publish(job: Job) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    until = jobs.keep_until(30)
    assert attempts.hand_back(job.id, 1, crashed=True, keep_until=until) is JobState.QUEUED
    with pytest.raises(LeaseLostError):
        attempts.publish(claim, {"rows_read": 1}, [PublishedPart("part-00001.csv", 1, 1, "0" * 64)], until)
    db.session.expire_all()
    assert db.session.get(Job, job.id).parts == []
    assert attempts.claim(job.id, 2, 30) is not None


def test_a_job_whose_worker_died_three_times_fails_with_words(job: Job) -> None:
    until = jobs.keep_until(30)
    ends = []
    for attempt in (1, 2, 3):
        assert attempts.claim(job.id, attempt, 30) is not None
        ends.append(attempts.hand_back(job.id, attempt, crashed=True, keep_until=until))
    assert ends == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    db.session.expire_all()
    assert db.session.get(Job, job.id).error["code"] == "worker_died"


def test_stopping_a_worker_does_not_count_as_a_crash(job: Job) -> None:
    until = jobs.keep_until(30)
    for attempt in range(1, 6):
        assert attempts.claim(job.id, attempt, 30) is not None
        assert attempts.hand_back(job.id, attempt, crashed=False, keep_until=until) is JobState.QUEUED


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
