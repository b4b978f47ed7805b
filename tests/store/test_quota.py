"""How much an account keeps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import event, update

from store import accept_upload, jobs, quota, resumable_uploads, site_figures
from store.accept_upload import AlreadySentError, KeyUsedError
from store.database import db
from store.files import REJECTED, Files
from store.models import Job, Resumable
from store.options import JobOptions
from store.quota import OverQuotaError
from store.states import JobState
from tests.accounts import make_account
from tests.jobs import TOTALS
from tests.store.conftest import PLAYS, JobIn, arrived, on_disk, reread

S = JobState
TOGETHER = 8
FIT = 5


def at_once(app: Flask, call: Callable[[int], object]) -> list[object]:
    """What the calls gave that were made at the same moment, each in a thread of its own."""
    start = Barrier(TOGETHER)

    def one(number: int) -> object:
        with app.app_context():
            start.wait()
            try:
                return call(number)
            except OverQuotaError:
                return None

    with ThreadPoolExecutor(TOGETHER) as threads:
        return [given for given in threads.map(one, range(TOGETHER)) if given is not None]


def test_what_was_sent_and_what_came_of_it_count_as_long_as_they_are_kept(
    job_in: JobIn, files: Files, anna: int
) -> None:
    assert quota.used_bytes(anna) == 0
    done = job_in(S.DONE, content=PLAYS)
    job_in(S.FAILED, content=PLAYS + b"1")
    job_in(S.EXPIRED, content=PLAYS + b"12")
    job_in(S.DONE, content=PLAYS, owner_id=make_account("bert"))
    assert quota.used_bytes(anna) == 2 * len(PLAYS) + 1 + len(TOTALS)
    jobs.remove(files, done)
    assert quota.used_bytes(anna) == len(PLAYS) + 1


def test_a_file_that_several_jobs_share_counts_once(job_in: JobIn, anna: int) -> None:
    first = reread(job_in(S.FAILED, content=PLAYS))
    jobs.run_again(first, JobOptions())
    assert quota.used_bytes(anna) == len(PLAYS)


def test_the_room_is_what_the_quota_leaves_and_never_less_than_nothing(job_in: JobIn, anna: int) -> None:
    job_in(S.QUEUED, content=PLAYS)
    assert [quota.room(anna, limit) for limit in (None, len(PLAYS) + 7, 7)] == [None, 7, 0]


def test_rejected_rows_count_as_what_came_of_a_file(job_in: JobIn, files: Files, anna: int) -> None:
    job_id = job_in(S.DONE, content=PLAYS, rejected=({"line": 2}, {"line": 3}))
    listed = files.result(job_id, 1, REJECTED).stat().st_size
    assert listed > 0
    assert quota.used_bytes(anna) == len(PLAYS) + len(TOTALS) + listed
    with db.engine.connect() as connection:
        assert site_figures.read(connection).result_bytes == len(TOTALS) + listed
    job_in(S.EXPIRED, content=PLAYS + b"1", rejected=({"line": 2},))
    assert quota.used_bytes(anna) == len(PLAYS) + len(TOTALS) + listed


def test_of_files_that_arrive_at_once_only_those_are_accepted_that_fit(
    store_app: Flask, files: Files, anna: int
) -> None:
    content = [PLAYS + str(number).encode() for number in range(TOGETHER)]
    there = [arrived(files, one) for one in content]
    limit = FIT * len(content[0])
    accepted = at_once(
        store_app,
        lambda number: accept_upload.accept(files, anna, there[number], JobOptions(), quota_bytes=limit).upload_id,
    )
    assert len(accepted) == FIT
    assert quota.used_bytes(anna) == limit
    assert on_disk(files) == sorted(f"uploads/{upload_id}" for upload_id in accepted)


def test_the_same_file_many_times_at_once_is_one_job_where_only_one_fits(
    store_app: Flask, files: Files, anna: int
) -> None:
    there = [arrived(files) for _ in range(TOGETHER)]

    def accept(number: int) -> str:
        try:
            return accept_upload.accept(files, anna, there[number], JobOptions(), quota_bytes=len(PLAYS)).id
        except AlreadySentError as earlier:
            return earlier.job_id

    answers = at_once(store_app, accept)
    assert len(answers) == TOGETHER
    assert len(set(answers)) == 1


def test_a_refused_file_leaves_nothing_and_others_go_on(files: Files, anna: int) -> None:
    with pytest.raises(OverQuotaError):
        accept_upload.accept(files, anna, arrived(files), JobOptions(), quota_bytes=len(PLAYS) - 1)
    assert on_disk(files) == []
    assert accept_upload.accept(files, make_account("bert"), arrived(files), JobOptions(), quota_bytes=len(PLAYS))


def test_of_uploads_in_pieces_that_begin_at_once_only_those_begin_that_fit(
    store_app: Flask, files: Files, anna: int
) -> None:
    def begin(number: int) -> str:
        name = f"{number}.csv"
        row = resumable_uploads.create(
            files, anna, name=name, length=10, options=JobOptions(), said=None, quota_bytes=FIT * 10 + 9
        )
        return row.id

    begun = at_once(store_app, begin)
    assert len(begun) == FIT
    assert on_disk(files) == sorted(f"incoming/{one}" for one in begun)


def length_told(row: Resumable, limit: int) -> None:
    resumable_uploads.set_length(row, 10, quota_bytes=limit)


def piece_arrived(row: Resumable, limit: int) -> None:
    resumable_uploads.renew(row, 10, quota_bytes=limit)


@pytest.mark.parametrize("step", [length_told, piece_arrived])
def test_of_uploads_begun_without_a_length_only_those_go_on_at_once_that_fit(
    store_app: Flask, files: Files, anna: int, step: Callable[[Resumable, int], None]
) -> None:
    begun = [
        resumable_uploads.create(files, anna, name="a.csv", length=None, options=JobOptions(), said=None).id
        for _ in range(TOGETHER)
    ]
    rows = [resumable_uploads.find(one, anna) for one in begun]

    def go_on(number: int) -> bool:
        row = rows[number]
        assert row is not None
        step(row, FIT * 10 + 9)
        return True

    assert len(at_once(store_app, go_on)) == FIT
    assert quota.used_bytes(anna) == FIT * 10


def test_an_upload_in_pieces_counts_once_while_its_job_is_made(files: Files, anna: int) -> None:
    row = resumable_uploads.create(files, anna, name="a.csv", length=len(PLAYS), options=JobOptions(), said=None)
    files.paths.incoming(row.id).write_bytes(PLAYS)
    received = accept_upload.Received(files.paths.incoming(row.id), "a.csv", len(PLAYS), "0" * 64, upload_id=row.id)
    accept_upload.accept(files, anna, received, JobOptions())
    assert quota.used_bytes(anna) == len(PLAYS)


def test_an_account_that_keeps_as_much_as_it_may_runs_no_file_again(job_in: JobIn, anna: int) -> None:
    failed = job_in(S.FAILED, content=PLAYS)
    jobs.run_again(reread(failed), JobOptions(), "a-key", quota_bytes=len(PLAYS) + 1)
    with pytest.raises(OverQuotaError):
        jobs.run_again(reread(failed), JobOptions(), quota_bytes=len(PLAYS))
    with pytest.raises(KeyUsedError):  # that run was begun: the answer to its request stays the same
        jobs.run_again(reread(failed), JobOptions(), "a-key", quota_bytes=len(PLAYS))
    assert db.session.query(Job).count() == 2


def test_of_runs_begun_at_once_only_those_begin_whose_files_would_fit(
    store_app: Flask, job_in: JobIn, anna: int
) -> None:
    failed = job_in(S.FAILED, content=PLAYS)
    limit = (FIT + 1) * len(PLAYS)  # the file itself counts, too

    def run(_number: int) -> str:
        return jobs.run_again(reread(failed), JobOptions(), quota_bytes=limit).id

    assert len(at_once(store_app, run)) == FIT
    db.session.execute(update(Job).values(state=S.FAILED))
    db.session.commit()
    assert jobs.run_again(reread(failed), JobOptions(), quota_bytes=limit)


def test_where_there_is_no_quota_nobody_waits_for_the_account(files: Files, anna: int) -> None:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        accept_upload.accept(files, anna, arrived(files), JobOptions())
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert not [statement for statement in said if "account" in statement.split("VALUES")[0].lower()]
