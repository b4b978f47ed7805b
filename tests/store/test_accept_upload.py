"""Taking files in: one job for the same bytes, and no file without a row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from store import accept_upload, attempts, expiry, file_locks, jobs, orphans, queues
from store.accept_upload import AlreadySentError
from store.database import db, now
from store.files import Files
from store.models import Account, Job, Upload
from store.options import JobOptions
from store.states import JobState
from tests.accounts import make_account
from tests.store.conftest import PLAYS, JobIn, Send, arrived, on_disk, reread

TOGETHER = 20


def count_of(model: type[Job] | type[Upload]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_an_accepted_file_is_a_queued_job_and_lies_in_uploads(files: Files, send: Send, anna: int) -> None:
    job = send()
    assert (job.state, job.attempt, job.owner_id, job.queue) == (JobState.QUEUED, 1, anna, queues.SMALL)
    assert (job.upload.name, job.upload.bytes) == ("plays.csv", len(PLAYS))
    assert on_disk(files) == [f"uploads/{job.upload_id}"]
    assert files.upload(job.upload_id).read_bytes() == PLAYS


def test_the_same_bytes_again_lead_to_the_first_job_and_leave_nothing(files: Files, send: Send, job: Job) -> None:
    with pytest.raises(AlreadySentError) as refusal:
        send()
    assert refusal.value.job_id == job.id
    assert on_disk(files) == [f"uploads/{job.upload_id}"]


def test_of_the_same_file_sent_many_times_at_once_one_is_accepted(store_app: Flask, files: Files, anna: int) -> None:
    files_there = [arrived(files) for _ in range(TOGETHER)]
    start = Barrier(TOGETHER)

    def accept(received: accept_upload.Received) -> tuple[str, bool]:
        with store_app.app_context():
            start.wait()
            try:
                return accept_upload.accept(files, anna, received, JobOptions()).id, True
            except AlreadySentError as earlier:
                return earlier.job_id, False

    with ThreadPoolExecutor(TOGETHER) as threads:
        answers = list(threads.map(accept, files_there))
    job = db.session.scalars(select(Job)).one()
    assert {job_id for job_id, _accepted in answers} == {job.id}
    assert sum(accepted for _job_id, accepted in answers) == 1
    assert count_of(Upload) == 1
    assert on_disk(files) == [f"uploads/{job.upload_id}"]


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE])
def test_a_job_that_goes_on_or_is_done_answers_for_its_file(job_in: JobIn, send: Send, state: JobState) -> None:
    earlier = job_in(state, content=PLAYS)
    with pytest.raises(AlreadySentError) as refusal:
        send(PLAYS)
    assert refusal.value.job_id == earlier


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_came_to_nothing_does_not_keep_its_file_from_being_sent_again(
    job_in: JobIn, send: Send, state: JobState
) -> None:
    earlier = job_in(state, content=PLAYS)
    assert send(PLAYS).id != earlier


def test_a_hung_attempt_that_was_ended_does_not_keep_its_file_from_being_sent_again(job: Job, send: Send) -> None:
    assert attempts.claim(job.id, 1, 30)
    assert attempts.fail_killed(job.id, 1, {"code": "took_too_long"}, now())
    assert send().id != job.id


def test_a_removed_job_does_not_keep_its_file_from_being_sent_again(job: Job, files: Files, send: Send) -> None:
    jobs.remove(files, job.id)
    assert send()


@pytest.mark.parametrize("how", ["removed", "expired"])
def test_a_later_run_answers_for_its_file_once_the_first_one_is_gone(
    job_in: JobIn, files: Files, send: Send, how: str
) -> None:
    first = reread(job_in(JobState.DONE, content=PLAYS))
    later = jobs.run_again(first, JobOptions(bad_rows="skip")).id
    if how == "removed":
        jobs.remove(files, first.id)
    else:
        first.keep_until = now()
        db.session.commit()
        assert list(expiry.expire(files)) == [first.id]
    with pytest.raises(AlreadySentError) as refusal:
        send(PLAYS)
    assert refusal.value.job_id == later
    assert count_of(Upload) == 1
    jobs.cancel(later, jobs.keep_until(1))
    assert send(PLAYS).id != later


def test_the_same_bytes_of_two_people_are_two_jobs_and_two_files(files: Files, job: Job, send: Send) -> None:
    other = send(owner_id=make_account("bert"))
    assert on_disk(files) == sorted([f"uploads/{job.upload_id}", f"uploads/{other.upload_id}"])


def test_a_commit_of_which_nobody_knows_whether_it_happened_keeps_the_file(files: Files, send: Send, anna: int) -> None:
    def break_off(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    event.listen(db.engine, "commit", break_off)
    try:
        with pytest.raises(OperationalError):
            send()
    finally:
        event.remove(db.engine, "commit", break_off)
    db.session.rollback()
    assert (count_of(Upload), count_of(Job), len(on_disk(files))) == (0, 0, 1)
    assert {(one.kind, one.path) for one in orphans.find(files)} == {("upload", files.data_dir / on_disk(files)[0])}


def test_a_file_without_a_row_is_held_by_who_sends_it(files: Files, anna: int) -> None:
    received = arrived(files)
    received = replace(received, hold=file_locks.lock_shared(received.path))
    assert orphans.find(files) == set()
    received.let_go()
    assert {one.path for one in orphans.find(files)} == {received.path}


def test_a_file_whose_row_the_database_refuses_is_not_kept(files: Files, send: Send, anna: int) -> None:
    db.session.delete(db.session.get_one(Account, anna))  # while the upload was on its way
    db.session.commit()
    with pytest.raises(IntegrityError):
        send()
    assert (count_of(Upload), count_of(Job), on_disk(files)) == (0, 0, [])


def test_a_very_long_name_is_cut_and_a_missing_one_replaced(files: Files, anna: int) -> None:
    for content, name, kept in ((b"1", "x" * 300, "x" * 255), (b"2", "", "upload.csv")):
        job = accept_upload.accept(files, anna, arrived(files, content, name), JobOptions())
        assert reread(job.id).upload.name == kept
