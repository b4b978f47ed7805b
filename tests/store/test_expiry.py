"""What the reconciler finds and puts right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import attempts, expiry, jobs, queues
from store.database import db, now
from store.expiry import Pulse, QueuedAttempt
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import STATES, JobState
from tests.store.conftest import PLAYS, JobIn, on_disk, reread

S = JobState
PAST, FUTURE = timedelta(seconds=-1), timedelta(hours=1)
ENDED = [state for state, facts in STATES.items() if facts.is_final and state is not S.EXPIRED]


def test_queued_attempts_are_waiting_the_oldest_first(job_in: JobIn) -> None:
    for state in set(JobState) - {S.QUEUED}:
        job_in(state)
    late = job_in(S.QUEUED, content=PLAYS, created_at=now() + FUTURE)
    early = job_in(S.QUEUED, content=PLAYS + b"1", attempt=2, queue=queues.LARGE)
    assert expiry.waiting() == [
        QueuedAttempt(early, 2, "large", len(PLAYS) + 1),
        QueuedAttempt(late, 1, "small", len(PLAYS)),
    ]
    assert expiry.waiting(late) == [QueuedAttempt(late, 1, "small", len(PLAYS))]
    assert expiry.waiting("0" * 32) == []


def test_of_each_running_attempt_the_last_sign_of_life_is_known(job_in: JobIn) -> None:
    running, let_go = job_in(S.RUNNING), job_in(S.RUNNING)
    for state in set(JobState) - {S.RUNNING}:
        job_in(state)
    assert attempts.release(let_go, 1, crashed=True)
    found = {pulse.job_id: pulse for pulse in expiry.pulses()}
    assert found == {
        running: Pulse(running, 1, reread(running).heartbeat_at, is_released=False),
        let_go: Pulse(let_go, 1, reread(let_go).heartbeat_at, is_released=True),
    }


def test_a_sign_of_life_is_another_one_than_before(job: Job) -> None:
    claim = attempts.claim(job.id, 1, lease_seconds=30)
    assert claim is not None
    (before,) = expiry.pulses()
    attempts.renew(claim, 30)
    assert expiry.pulses() != [before]


@pytest.mark.parametrize("state", ENDED)
def test_past_its_date_the_files_of_a_job_go_and_its_record_stays(job_in: JobIn, files: Files, state: JobState) -> None:
    job_id = job_in(state, keep_until=now() + PAST)
    ended_at = reread(job_id).ended_at
    assert list(expiry.expire(files)) == [job_id]
    job = reread(job_id)
    assert (job.state, job.ended_at, job.same_file_key) == (S.EXPIRED, ended_at, None)
    assert job.upload.name == "plays-2024-03.csv"
    assert len(job.parts) == (state is S.DONE)
    assert on_disk(files) == []
    assert list(expiry.expire(files)) == []


def test_before_their_date_and_while_they_go_on_jobs_keep_their_files(job_in: JobIn, files: Files) -> None:
    for state in ENDED:
        job_in(state, keep_until=now() + FUTURE)
    for state in set(JobState) - set(ENDED):
        job_in(state, keep_until=now() + PAST)
    there = on_disk(files)
    assert list(expiry.expire(files)) == []
    assert on_disk(files) == there


def test_an_expired_file_can_be_sent_again(job_in: JobIn, files: Files) -> None:
    earlier = job_in(S.DONE, content=PLAYS, keep_until=now() + PAST)
    assert list(expiry.expire(files)) == [earlier]
    assert job_in(S.QUEUED, content=PLAYS) != earlier


def test_an_upload_that_another_job_shares_outlives_the_first(job_in: JobIn, files: Files) -> None:
    first = reread(job_in(S.FAILED, keep_until=now() + PAST))
    again = jobs.run_again(first, JobOptions())
    assert list(expiry.expire(files)) == [first.id]
    assert on_disk(files) == [f"uploads/{first.upload_id}"]
    jobs.cancel(again.id, now() + PAST)
    assert list(expiry.expire(files)) == [again.id]
    assert on_disk(files) == []
    assert db.session.get_one(Job, first.id).upload.bytes > 0
