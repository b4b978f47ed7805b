"""Jobs: who sees them, and what their owners may do to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from store import accept_upload, attempts, jobs
from store.database import db, now
from store.files import Files
from store.jobs import UploadGoneError
from store.models import Job, Part, Upload
from store.options import JobOptions
from store.states import UNFINISHED, JobState
from tests.accounts import make_account
from tests.store.conftest import JobIn, Send, arrived, on_disk, reread

S = JobState


def rows() -> tuple[int, ...]:
    """How many jobs, uploads and parts there are."""
    return tuple(db.session.scalar(select(func.count()).select_from(model)) or 0 for model in (Job, Upload, Part))


def ids(found: list[Job]) -> list[str]:
    return [job.id for job in found]


def test_a_job_is_seen_by_its_owner_and_by_administrators_only(job: Job, anna: int) -> None:
    bert, chief = make_account("bert"), make_account("chief", is_admin=True)
    assert jobs.find(job.id, anna) is job
    assert jobs.find(job.id, bert) is None
    assert jobs.find(job.id, chief) is None  # who does not ask as an administrator
    assert jobs.find(job.id, chief, is_admin=True) is job
    assert jobs.find("0" * 32, chief, is_admin=True) is None
    assert jobs.latest(bert) == []
    assert jobs.latest(chief, is_admin=True) == [job]


@pytest.mark.parametrize("state", JobState)
def test_a_part_is_seen_by_its_owner_while_its_job_is_done(job_in: JobIn, anna: int, state: JobState) -> None:
    job_id = job_in(S.DONE)
    part = reread(job_id).parts[0].id
    reread(job_id).state = state
    db.session.commit()
    seen = {jobs.find_part(part, anna) is not None, jobs.find_part(part, anna, is_admin=True) is not None}
    assert seen == {state is S.DONE}
    assert jobs.find_part(part, make_account("bert")) is None


def test_the_newest_jobs_come_first_a_page_at_a_time(job_in: JobIn, anna: int) -> None:
    made = [job_in(S.QUEUED, created_at=now() + timedelta(seconds=n)) for n in range(5)]
    assert ids(jobs.latest(anna, limit=2)) == [made[4], made[3]]
    assert ids(jobs.latest(anna, limit=2, offset=4)) == [made[0]]


def test_only_the_states_asked_for_are_listed(job_in: JobIn, anna: int) -> None:
    made = {state: job_in(state) for state in JobState}
    assert ids(jobs.latest(anna, states=(S.FAILED,))) == [made[S.FAILED]]
    assert set(ids(jobs.latest(anna, states=UNFINISHED))) == {made[state] for state in UNFINISHED}


def test_running_jobs_and_those_queued_earlier_are_ahead(job_in: JobIn) -> None:
    for state in JobState:
        job_in(state)
    job_in(S.QUEUED, queue="large")
    mine = reread(job_in(S.QUEUED))
    later = reread(job_in(S.QUEUED))
    assert (jobs.ahead_of(mine), jobs.ahead_of(later)) == (2, 3)


def test_a_job_run_again_has_the_same_upload_and_other_options(job_in: JobIn, files: Files) -> None:
    failed = reread(job_in(S.FAILED))
    again = jobs.run_again(failed, JobOptions(bad_rows="skip"))
    assert (again.state, again.attempt, again.options) == (S.QUEUED, 1, {"bad_rows": "skip"})
    assert (again.owner_id, again.upload_id) == (failed.owner_id, failed.upload_id)
    claim = attempts.claim(again.id, 1, 30)
    assert claim is not None
    assert files.upload(claim.upload_id).exists()
    assert claim.options == JobOptions(bad_rows="skip")
    assert reread(failed.id).state is S.FAILED


def test_a_job_run_again_answers_for_its_file_unless_another_does_already(job_in: JobIn) -> None:
    failed = reread(job_in(S.FAILED))
    again = jobs.run_again(failed, JobOptions(bad_rows="skip"))
    assert again.same_file_key == f"{failed.owner_id}:{failed.upload.sha256}"
    third = jobs.run_again(failed, JobOptions())
    assert third.same_file_key is None


def test_a_job_whose_upload_is_removed_meanwhile_is_not_run_again(job_in: JobIn, files: Files) -> None:
    failed = reread(job_in(S.FAILED))
    for rows in (delete(Job).where(Job.id == failed.id), delete(Upload).where(Upload.id == failed.upload_id)):
        db.session.execute(rows.execution_options(synchronize_session=False))
    db.session.commit()
    with pytest.raises(UploadGoneError):
        jobs.run_again(failed, JobOptions())


@pytest.mark.parametrize("name", ["", "%00", "\x00" * 32, "g" * 32, "a" * 31, "A" * 32, "ü" * 32])
def test_a_name_that_is_no_id_of_ours_finds_nothing(job_in: JobIn, name: str) -> None:
    owner = reread(job_in(S.DONE)).owner_id
    assert jobs.find(name, owner, is_admin=True) is None
    assert jobs.find_part(name, owner, is_admin=True) is None


@pytest.mark.parametrize("state", JobState)
def test_cancelling_ends_a_job_that_goes_on_and_leaves_others_as_they_are(job_in: JobIn, state: JobState) -> None:
    job_id = job_in(state)
    before = reread(job_id).ended_at
    until = jobs.keep_until(30)
    assert jobs.cancel(job_id, until) is (state in UNFINISHED)
    job = reread(job_id)
    if state in UNFINISHED:
        assert (job.state, job.keep_until, job.lease_until, job.same_file_key) == (S.CANCELLED, until, None, None)
        assert job.ended_at is not None
    else:
        assert (job.state, job.ended_at) == (state, before)


def test_a_job_is_cancelled_once(job: Job) -> None:
    assert jobs.cancel(job.id, now())
    assert not jobs.cancel(job.id, now())
    assert not jobs.cancel("0" * 32, now())


@pytest.mark.parametrize("state", JobState)
def test_a_removed_job_leaves_nothing_behind(job_in: JobIn, files: Files, state: JobState) -> None:
    job_id = job_in(state)
    (files.scratch(job_id, 2) / "bucket-0").write_bytes(b"rows")
    (files.staging(job_id, 2) / "part-00001.csv").write_bytes(b"totals")
    for _ in range(2):
        jobs.remove(files, job_id)
        assert (rows(), on_disk(files)) == ((0, 0, 0), [])


def test_removing_one_job_leaves_the_others_whole(job_in: JobIn, files: Files) -> None:
    kept = job_in(S.DONE)
    there = on_disk(files)
    jobs.remove(files, job_in(S.DONE))
    assert (rows(), on_disk(files)) == ((1, 1, 1), there)
    assert reread(kept).parts[0].name == "part-00001.csv"


def test_an_upload_that_another_job_shares_stays_until_both_are_removed(job_in: JobIn, files: Files) -> None:
    first = reread(job_in(S.FAILED))
    upload = f"uploads/{first.upload_id}"
    again = jobs.run_again(first, JobOptions())
    jobs.remove(files, first.id)
    assert (rows(), on_disk(files)) == ((1, 1, 0), [upload])
    jobs.remove(files, again.id)
    assert (rows(), on_disk(files)) == ((0, 0, 0), [])


def test_a_worker_whose_job_was_removed_is_stopped_at_its_next_write(send: Send, files: Files) -> None:
    job_id = send().id
    claim = attempts.claim(job_id, 1, 30)
    assert claim is not None
    jobs.remove(files, job_id)
    with pytest.raises(attempts.LeaseLostError):
        attempts.publish(claim, {"rows_read": 1}, [attempts.PublishedPart("part-00001.csv", 1, 1, "0")], now())
    assert rows() == (0, 0, 0)


def test_files_are_kept_for_the_days_that_were_asked_for(files: Files, anna: int) -> None:
    job = accept_upload.accept(files, anna, arrived(files), JobOptions())
    before = now()
    jobs.cancel(job.id, jobs.keep_until(30))
    until = reread(job.id).keep_until
    assert until is not None
    assert before + timedelta(days=30) <= until <= now() + timedelta(days=30)
