"""How much an account keeps."""

from __future__ import annotations

from store import jobs, quota
from store.files import Files
from store.options import JobOptions
from store.states import JobState
from tests.jobs import TOTALS
from tests.store.conftest import PLAYS, JobIn, account_named, reread

S = JobState


def test_what_was_sent_and_what_came_of_it_count_as_long_as_they_are_kept(
    job_in: JobIn, files: Files, anna: int
) -> None:
    assert quota.used_bytes(anna) == 0
    done = job_in(S.DONE, content=PLAYS)
    job_in(S.FAILED, content=PLAYS + b"1")
    job_in(S.EXPIRED, content=PLAYS + b"12")
    job_in(S.DONE, content=PLAYS, owner_id=account_named("bert"))
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
