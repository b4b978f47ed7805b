"""Files without rows, and rows without files."""

from __future__ import annotations

import os

import pytest

from store import file_locks, jobs, orphans
from store.database import db
from store.files import Files
from store.models import Job, Upload, new_id
from store.states import UNFINISHED, JobState
from tests.store.conftest import JobIn, on_disk, reread

S = JobState


def found(files: Files) -> set[tuple[str, str]]:
    return {(one.kind, str(one.path.relative_to(files.data_dir))) for one in orphans.find(files)}


def work(files: Files, job_id: str, attempt: int) -> None:
    """What an attempt leaves on the disk when its process is killed."""
    (files.scratch(job_id, attempt) / "bucket-0").write_bytes(b"rows")
    (files.staging(job_id, attempt) / "part-00001.csv").write_bytes(b"totals")


@pytest.mark.parametrize("state", JobState)
def test_what_a_job_in_some_state_has_on_the_disk_is_no_orphan(job_in: JobIn, files: Files, state: JobState) -> None:
    job_id = job_in(state)
    if state is S.EXPIRED:
        files.remove_job(job_id)
        files.remove_upload(reread(job_id).upload_id)
    if state in UNFINISHED:
        work(files, job_id, 1)
    assert found(files) == set()


def test_half_uploads_are_orphans_once_nobody_is_at_them(files: Files, job: Job) -> None:
    given_up, arriving, asleep = (files.paths.new_incoming() for _ in range(3))
    for path in (given_up, arriving, asleep):
        path.write_bytes(b"half")
    os.utime(asleep, (1000, 1000))
    with file_locks.lock_shared(arriving), file_locks.lock_shared(asleep):
        assert found(files) == {("half upload", f"incoming/{path.name}") for path in (given_up, asleep)}


def test_an_upload_without_a_job_or_with_expired_ones_only_is_an_orphan(job_in: JobIn, files: Files, job: Job) -> None:
    expired = reread(job_in(S.EXPIRED, parts=())).upload_id
    files.upload(expired).write_bytes(b"its removal broke off")
    rowless = new_id()
    files.upload(rowless).write_bytes(b"its commit broke off")
    assert {one for one in found(files) if one[0] == "upload"} == {
        ("upload", f"uploads/{upload_id}") for upload_id in (expired, rowless)
    }
    with file_locks.lock_shared(files.upload(rowless)):
        assert ("upload", f"uploads/{rowless}") not in found(files)


@pytest.mark.parametrize("state", [state for state in JobState if state not in UNFINISHED])
def test_working_files_of_a_job_that_has_ended_are_orphans(job_in: JobIn, files: Files, state: JobState) -> None:
    job_id = job_in(state, parts=())
    work(files, job_id, 1)
    orphaned = {path for kind, path in found(files) if kind == "working files"}
    assert orphaned == {f"scratch/{job_id}/1", f"staging/{job_id}/1"}


def test_of_a_job_that_goes_on_the_newest_working_files_are_kept_for_the_next_attempt(
    job_in: JobIn, files: Files
) -> None:
    job_id, removed = job_in(S.QUEUED, attempt=3), job_in(S.QUEUED)
    jobs.remove(files, removed)
    for attempt in (1, 2):
        work(files, job_id, attempt)
    work(files, removed, 1)
    assert found(files) == {
        ("working files", f"{kind}/{place}")
        for kind in ("scratch", "staging")
        for place in (f"{job_id}/1", f"{removed}/1")
    }


def test_results_that_no_commit_published_are_orphans(job_in: JobIn, files: Files) -> None:
    done, running, cancelled = job_in(S.DONE), job_in(S.RUNNING, attempt=2), job_in(S.CANCELLED)
    for job_id, attempt in ((done, 2), (running, 1), (running, 2), (cancelled, 1), (new_id(), 1)):
        files.paths.attempt("results", job_id, attempt).mkdir(parents=True)
    kept = {f"results/{done}/1", f"results/{running}/2"}
    there = {str(path.relative_to(files.data_dir)) for path in (files.data_dir / "results").glob("*/*")}
    assert {path for _kind, path in found(files)} == there - kept


def test_removing_orphans_leaves_what_lies_beside_them(job_in: JobIn, files: Files) -> None:
    done, ended = job_in(S.DONE), job_in(S.FAILED)
    kept = on_disk(files)
    work(files, done, 1)
    work(files, ended, 1)
    files.paths.attempt("results", done, 2).mkdir()
    files.paths.new_incoming().write_bytes(b"half")
    for orphan in orphans.find(files):
        orphan.remove()
        orphan.remove()
    assert on_disk(files) == kept
    assert [path.name for path in (files.data_dir / "results").glob("*/*")] == ["1"]
    assert list((files.data_dir / "scratch").iterdir()) == []


def test_an_upload_row_without_a_job_goes_when_it_had_none_before_either(files: Files, job: Job) -> None:
    upload = Upload(owner_id=job.owner_id, name="plays.csv", bytes=1, sha256="0" * 64)
    db.session.add(upload)
    db.session.commit()
    upload_id = upload.id
    seen = orphans.remove_unused_uploads(set())
    assert seen == {upload_id}
    assert orphans.remove_unused_uploads(seen) == set()
    assert list(db.session.query(Upload.id)) == [(job.upload_id,)]


def test_files_that_rows_promise_and_the_disk_does_not_have_are_named(job_in: JobIn, files: Files) -> None:
    done, queued = job_in(S.DONE), job_in(S.QUEUED)
    job_in(S.EXPIRED)
    assert list(orphans.missing(files)) == []
    files.remove_upload(reread(queued).upload_id)
    files.result(done, 1, "part-00001.csv").unlink()
    assert list(orphans.missing(files)) == [(queued, "the uploaded file"), (done, "part-00001.csv")]
