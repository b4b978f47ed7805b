"""The table of states agrees with itself and with the functions that change jobs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from store import attempts, expiry, jobs
from store.database import now
from store.files import Files
from store.states import STATES, UNFINISHED, JobState, may_follow
from tests.store.conftest import JobIn, reread

S = JobState
Change = Callable[[str, Files], object]


def claim_of(job_id: str) -> attempts.Claim:
    """What the worker of the first attempt would hold."""
    job = reread(job_id)
    options = attempts.JobOptions()
    return attempts.Claim(job.id, 1, job.upload_id, job.upload.name, job.upload.bytes, options, job.crashes)


def publish(job_id: str, _files: Files) -> None:
    attempts.publish(claim_of(job_id), {"rows_read": 1}, [], now())


def fail(job_id: str, _files: Files) -> None:
    attempts.fail(claim_of(job_id), {"code": "x"}, now())


def follow_up(job_id: str, _files: Files) -> None:
    attempts.release(job_id, 1, crashed=True)
    attempts.follow_up(job_id, 1, now())


CHANGES: tuple[Change, ...] = (
    lambda job_id, _files: attempts.claim(job_id, 1, 30),
    publish,
    fail,
    lambda job_id, _files: attempts.fail_killed(job_id, 1, {"code": "x"}, now()),
    follow_up,
    lambda job_id, _files: jobs.cancel(job_id, now()),
    lambda _job_id, files: list(expiry.expire(files)),
)


@pytest.mark.parametrize("state", JobState)
def test_each_state_has_a_sentence_and_followers_that_exist(state: JobState) -> None:
    facts = STATES[state]
    assert facts.sentence
    assert not facts.sentence.endswith(".")  # others go on behind it
    assert facts.followers <= set(JobState)
    assert state not in facts.followers


def test_a_final_state_leads_to_expired_only() -> None:
    for state in set(JobState) - set(UNFINISHED) - {S.EXPIRED}:
        assert STATES[state].followers == {S.EXPIRED}
    assert not STATES[S.EXPIRED].followers


def test_every_state_can_be_reached_and_every_job_can_end() -> None:
    for state in set(JobState) - {S.EXPIRED}:
        assert leads_to(state, S.EXPIRED)
    for state in set(JobState) - {S.QUEUED}:
        assert leads_to(S.QUEUED, state)


def test_the_table_allows_exactly_what_the_store_does_to_jobs(job_in: JobIn, files: Files) -> None:
    done = set()
    for before, change, crashes in product(JobState, CHANGES, (0, attempts.MAX_CRASHES - 1)):
        job_id = job_in(before, keep_until=now(), crashes=crashes)
        try:
            change(job_id, files)
        except attempts.LeaseLostError:
            assert before is not S.RUNNING
        done.add((before, reread(job_id).state))
    changed = {(before, after) for before, after in done if before is not after}
    assert changed == {pair for pair in product(JobState, JobState) if may_follow(*pair)}


def leads_to(one: JobState, other: JobState, passed: frozenset[JobState] = frozenset()) -> bool:
    followers = STATES[one].followers - passed
    return other in followers or any(leads_to(follower, other, passed | {one}) for follower in followers)
