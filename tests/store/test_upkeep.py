"""What the reconciler finds and puts right."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from store import attempts, jobs, queues, upkeep
from store.database import db, now
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import STATES, JobState
from store.upkeep import Waiting
from tests.store.conftest import PLAYS, JobIn, on_disk, reread

S = JobState
PAST, FUTURE = timedelta(seconds=-1), timedelta(hours=1)
ENDED = [state for state, facts in STATES.items() if facts.is_final and state is not S.EXPIRED]


def test_queued_attempts_are_waiting_the_oldest_first(job_in: JobIn) -> None:
    for state in set(JobState) - {S.QUEUED}:
        job_in(state)
    late = job_in(S.QUEUED, content=PLAYS, created_at=now() + FUTURE)
    early = job_in(S.QUEUED, content=PLAYS + b"1", attempt=2, queue=queues.LARGE)
    assert upkeep.waiting() == [Waiting(early, 2, "large", len(PLAYS) + 1), Waiting(late, 1, "small", len(PLAYS))]
    assert upkeep.waiting(late) == [Waiting(late, 1, "small", len(PLAYS))]
    assert upkeep.waiting("0" * 32) == []


def test_a_running_attempt_is_dead_once_its_lease_is_over(job_in: JobIn) -> None:
    dead = job_in(S.RUNNING, lease_until=now() + PAST)
    job_in(S.RUNNING, lease_until=now() + FUTURE)
    for state in set(JobState) - {S.RUNNING}:
        job_in(state, lease_until=now() + PAST)
    assert upkeep.dead_attempts() == [(dead, 1)]


def test_a_sign_of_life_keeps_an_attempt_from_being_dead(job: Job) -> None:
    claim = attempts.claim(job.id, 1, lease_seconds=-1)
    assert claim is not None
    assert upkeep.dead_attempts() == [(job.id, 1)]
    attempts.renew(claim, 30)
    assert upkeep.dead_attempts() == []


def test_working_files_are_swept_unless_their_attempt_runs(job_in: JobIn, files: Files) -> None:
    running, ended, removed = job_in(S.RUNNING, attempt=2), job_in(S.DONE), job_in(S.QUEUED)
    jobs.remove(files, removed)
    kept = on_disk(files)
    for job_id, attempt in ((running, 1), (ended, 1), (removed, 1)):
        (files.scratch(job_id, attempt) / "bucket-0").write_bytes(b"rows")
        (files.staging(job_id, attempt) / "part-00001.csv").write_bytes(b"totals")
    (files.scratch(running, 2) / "bucket-0").write_bytes(b"rows")
    swept = list(upkeep.sweep(files))
    assert sorted(swept) == sorted(f"working files of job {gone}, attempt 1" for gone in (running, ended, removed))
    assert on_disk(files) == sorted([*kept, f"scratch/{running}/2/bucket-0"])
    assert list(upkeep.sweep(files)) == []


def test_half_uploads_are_swept_after_a_day_of_silence(files: Files, job: Job) -> None:
    abandoned, arriving = files.new_incoming(), files.new_incoming()
    for path in (abandoned, arriving):
        path.write_bytes(b"half")
    os.utime(abandoned, (1000, 1000))
    assert list(upkeep.sweep(files)) == [f"half upload {abandoned.name}"]
    assert on_disk(files) == sorted([f"incoming/{arriving.name}", f"uploads/{job.upload_id}"])


@pytest.mark.parametrize("state", ENDED)
def test_past_its_date_the_files_of_a_job_go_and_its_record_stays(job_in: JobIn, files: Files, state: JobState) -> None:
    job_id = job_in(state, keep_until=now() + PAST)
    ended_at = reread(job_id).ended_at
    assert list(upkeep.expire(files)) == [job_id]
    job = reread(job_id)
    assert (job.state, job.ended_at, job.same_file_key) == (S.EXPIRED, ended_at, None)
    assert job.upload.name == "plays-2024-03.csv"
    assert len(job.parts) == (state is S.DONE)
    assert on_disk(files) == []
    assert list(upkeep.expire(files)) == []


def test_before_their_date_and_while_they_go_on_jobs_keep_their_files(job_in: JobIn, files: Files) -> None:
    for state in ENDED:
        job_in(state, keep_until=now() + FUTURE)
    for state in set(JobState) - set(ENDED):
        job_in(state, keep_until=now() + PAST)
    there = on_disk(files)
    assert list(upkeep.expire(files)) == []
    assert on_disk(files) == there


def test_an_expired_file_can_be_sent_again(job_in: JobIn, files: Files) -> None:
    earlier = job_in(S.DONE, content=PLAYS, keep_until=now() + PAST)
    assert list(upkeep.expire(files)) == [earlier]
    assert job_in(S.QUEUED, content=PLAYS) != earlier


def test_an_upload_that_another_job_shares_outlives_the_first(job_in: JobIn, files: Files) -> None:
    first = reread(job_in(S.FAILED, keep_until=now() + PAST))
    again = jobs.run_again(first, JobOptions())
    assert list(upkeep.expire(files)) == [first.id]
    assert on_disk(files) == [f"uploads/{first.upload_id}"]
    jobs.cancel(again.id, now() + PAST)
    assert list(upkeep.expire(files)) == [again.id]
    assert on_disk(files) == []
    assert db.session.get_one(Job, first.id).upload.bytes > 0
