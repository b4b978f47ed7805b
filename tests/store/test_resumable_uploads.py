"""Uploads that arrive in pieces: their files, their one job, and how they are given up."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from store import accept_upload, orphans, quota, resumable_uploads
from store.database import db, now
from store.disk_space import Space, holds_more_than_it_has
from store.files import Files
from store.models import Job, Resumable
from store.options import JobOptions
from store.queues import connect
from tests.accounts import make_account
from tests.store.conftest import PLAYS, Send, on_disk

SHA256 = hashlib.sha256(PLAYS).hexdigest()


def begun(files: Files, owner_id: int, content: bytes = PLAYS, length: int | None = len(PLAYS)) -> Resumable:
    """An upload of which these bytes have arrived."""
    row = resumable_uploads.create(files, owner_id, name="a.csv", length=length, options=JobOptions(), said=None)
    files.paths.incoming(row.id).write_bytes(content)
    return found(row.id, owner_id)


def found(resumable_id: str, owner_id: int) -> Resumable:
    row = resumable_uploads.find(resumable_id, owner_id)
    assert row is not None
    return row


def overdue(files: Files, row: Resumable, *, without_a_byte: timedelta = resumable_uploads.LIFE) -> None:
    """Nothing came since then, as far as row and file know."""
    before = now() - without_a_byte
    db.session.execute(update(Resumable).where(Resumable.id == row.id).values(expires_at=now() - timedelta(seconds=1)))
    db.session.commit()
    if files.paths.incoming(row.id).exists():
        os.utime(files.paths.incoming(row.id), (before.timestamp(), before.timestamp()))


def jobs() -> list[str]:
    return list(db.session.scalars(select(Job.id)))


def test_only_its_owner_finds_an_upload(files: Files, anna: int) -> None:
    row = begun(files, anna)
    bert = make_account("bert")
    assert [resumable_uploads.find(one, who) for one, who in ((row.id, bert), ("0" * 32, anna), ("../x", anna))] == [
        None
    ] * 3


def test_one_at_a_time_has_the_file(files: Files, anna: int) -> None:
    row = begun(files, anna)
    with resumable_uploads.lock(files, row.id) as file:
        assert resumable_uploads.lock(files, row.id) is None
        assert file.read() == PLAYS
    with resumable_uploads.lock(files, row.id):
        pass
    with pytest.raises(FileNotFoundError):
        resumable_uploads.lock(files, "0" * 32)


def test_finishing_as_often_as_you_like_makes_one_job(files: Files, anna: int) -> None:
    row = begun(files, anna)
    job_id, job = resumable_uploads.finish(files, row, SHA256)
    assert (job.id, job.upload_id, job.upload.name) == (job_id, row.id, "a.csv")
    assert resumable_uploads.finish(files, row, SHA256) == (job_id, None)
    assert (jobs(), found(row.id, anna).job_id) == ([job_id], job_id)
    assert on_disk(files) == [f"uploads/{row.id}"]


def test_the_same_bytes_end_at_the_job_that_the_account_has(files: Files, anna: int, send: Send) -> None:
    earlier = send().id
    row = begun(files, anna)
    assert resumable_uploads.finish(files, row, SHA256) == (earlier, None)
    assert (jobs(), found(row.id, anna).job_id) == ([earlier], earlier)
    assert not files.paths.incoming(row.id).exists()


def test_two_uploads_of_the_same_bytes_at_once_end_at_one_job(
    files: Files, anna: int, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = begun(files, anna)
    keep, others = files.put_upload, []

    def another_is_faster(*arguments: object) -> None:
        monkeypatch.setattr(Files, "put_upload", lambda self, *again: keep(*again))
        others.append(send().id)
        keep(*arguments)

    monkeypatch.setattr(Files, "put_upload", lambda self, *arguments: another_is_faster(*arguments))
    assert resumable_uploads.finish(files, row, SHA256) == (others[0], None)
    assert jobs() == others
    assert not files.upload(row.id).exists()


def test_a_file_that_was_moved_before_its_commit_broke_off_is_no_orphan_and_gets_its_job(
    files: Files, anna: int
) -> None:
    row = begun(files, anna)
    files.put_upload(files.paths.incoming(row.id), row.id)
    assert orphans.find(files) == set()
    with resumable_uploads.lock(files, row.id):
        job_id, job = resumable_uploads.finish(files, row, SHA256)
    assert (jobs(), job.upload.bytes) == ([job_id], len(PLAYS))
    assert files.upload(row.id).read_bytes() == PLAYS


def test_a_job_whose_upload_does_not_know_it_yet_is_found(files: Files, anna: int) -> None:
    row = begun(files, anna)
    received = accept_upload.Received(files.paths.incoming(row.id), "a.csv", len(PLAYS), SHA256, upload_id=row.id)
    job_id = accept_upload.accept(files, anna, received, JobOptions()).id
    assert resumable_uploads.finish(files, row, SHA256) == (job_id, None)


def test_what_arrives_is_no_orphan_and_a_file_without_a_row_is(files: Files, anna: int) -> None:
    begun(files, anna)
    assert orphans.find(files) == set()
    with files.begin_incoming() as alone:
        assert orphans.find(files) == set()
    assert [one.path for one in orphans.find(files)] == [Path(alone.name)]


def test_an_upload_of_which_nothing_more_comes_is_removed(files: Files, anna: int) -> None:
    kept, gone = begun(files, anna), begun(files, anna)
    overdue(files, gone)
    assert list(resumable_uploads.expire(files)) == [gone.id]
    assert on_disk(files) == [f"incoming/{kept.id}"]
    assert resumable_uploads.find(gone.id, anna) is None


def test_an_upload_that_somebody_is_at_or_whose_bytes_are_young_stays(files: Files, anna: int) -> None:
    held, young = begun(files, anna), begun(files, anna)
    overdue(files, held)
    overdue(files, young, without_a_byte=timedelta(hours=1))
    with resumable_uploads.lock(files, held.id):
        assert list(resumable_uploads.expire(files)) == []
    assert timedelta(hours=22) < found(young.id, anna).expires_at - now() < timedelta(hours=24)
    assert list(resumable_uploads.expire(files)) == [held.id]


def test_an_upload_that_has_a_job_does_not_expire(files: Files, anna: int) -> None:
    row = begun(files, anna)
    resumable_uploads.finish(files, row, SHA256)
    overdue(files, row)
    assert list(resumable_uploads.expire(files)) == []


def test_an_overdue_upload_whose_job_was_made_leaves_the_jobs_file(files: Files, anna: int) -> None:
    row = begun(files, anna)
    received = accept_upload.Received(files.paths.incoming(row.id), "a.csv", len(PLAYS), SHA256, upload_id=row.id)
    accept_upload.accept(files, anna, received, JobOptions())
    overdue(files, row)
    os.utime(files.upload(row.id), (1000, 1000))
    assert list(resumable_uploads.expire(files)) == [row.id]
    assert on_disk(files) == [f"uploads/{row.id}"]
    assert orphans.find(files) == set()


def test_an_overdue_row_without_a_file_goes(files: Files, anna: int) -> None:
    row = begun(files, anna)
    files.paths.incoming(row.id).unlink()
    overdue(files, row)
    assert list(resumable_uploads.expire(files)) == [row.id]


def test_uploads_count_towards_the_quota_with_what_they_will_have(files: Files, anna: int) -> None:
    first = begun(files, anna, length=1000)
    untold = begun(files, anna, length=None)
    resumable_uploads.renew(untold, 30)
    assert quota.used_bytes(anna) == 1030
    assert quota.used_bytes(anna, besides=first.id) == 30
    resumable_uploads.remove(files, first.id)
    assert quota.room(anna, 100) == 70


def test_without_redis_nobody_is_asked_for(files: Files, anna: int) -> None:
    away = connect(f"unix://{files.data_dir}/nobody.sock")
    resumable_uploads.request_release(away, "x")
    assert not resumable_uploads.is_asked_for(away, "x")


def test_a_wish_is_heard_once(redis: object) -> None:
    resumable_uploads.request_release(redis, "x")
    assert [resumable_uploads.is_asked_for(redis, one) for one in ("y", "x", "x")] == [False, True, False]


def test_the_earlier_job_of_the_same_bytes_is_named_before_anything_is_removed(
    files: Files, anna: int, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send()
    row = begun(files, anna)

    def breaks_off(*_arguments: object, **_values: object) -> None:
        assert files.paths.incoming(row.id).exists()
        raise OSError("killed")

    with monkeypatch.context() as here:
        here.setattr(resumable_uploads, "_change", breaks_off)
        with pytest.raises(OSError):
            resumable_uploads.finish(files, row, SHA256)
    assert files.paths.incoming(row.id).exists()


def test_space_that_a_killed_process_took_is_given_back_and_that_of_a_request_stays(files: Files, anna: int) -> None:
    left, held = begun(files, anna), begun(files, anna)
    for row in (left, held):
        with files.paths.incoming(row.id).open("r+b") as file:
            Space(files, file.fileno(), len(PLAYS)).cover(len(PLAYS) + 1, expected=3 << 20)
    with resumable_uploads.lock(files, held.id):
        resumable_uploads.give_back_space(files)
    assert [holds_more_than_it_has(files.paths.incoming(row.id)) for row in (left, held)] == [False, True]
    assert files.paths.incoming(left.id).read_bytes() == PLAYS
