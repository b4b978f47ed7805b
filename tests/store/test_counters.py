"""Counts since ever: exact whoever adds at once, in the same transaction as what they count."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from store import attempts, counters, jobs
from store.accept_upload import AlreadySentError
from store.counters import add, add_all
from store.database import db
from store.models import Job
from store.states import JobState
from tests.store.conftest import JobIn, Send, reread

AT_ONCE = 8
EACH = 8


def counted() -> dict[tuple[str, str], float]:
    """All counters as another process sees them."""
    with db.engine.connect() as connection:
        return counters.values(connection)


def test_a_counter_begins_at_nothing_and_grows_by_what_is_added(store_app: Flask) -> None:
    assert counted() == {}
    add("rows", value=3)
    add("rows", value=4.5)
    add("ends", "done")
    db.session.commit()
    assert counted() == {("rows", ""): 7.5, ("ends", "done"): 1}


def test_what_is_rolled_back_was_never_counted(store_app: Flask) -> None:
    add("rows")
    db.session.rollback()
    assert counted() == {}


def test_several_counters_grow_together(store_app: Flask) -> None:
    for _ in range(2):
        add_all({("b", "2"): 1, ("a", ""): 10, ("b", "1"): 0.25})
    db.session.commit()
    assert counted() == {("a", ""): 20, ("b", "1"): 0.5, ("b", "2"): 2}


def test_bytes_of_petabytes_are_exact(store_app: Flask) -> None:
    add("bytes", value=9_007_199_254_740_000)
    add("bytes", value=991)
    db.session.commit()
    assert counted() == {("bytes", ""): 9_007_199_254_740_991}


def test_a_label_that_is_too_long_is_cut(store_app: Flask) -> None:
    add("ends", "x" * 100)
    db.session.commit()
    assert list(counted()) == [("ends", "x" * 80)]


def test_nothing_is_lost_when_many_add_at_once_in_any_order(store_app: Flask) -> None:
    together = threading.Barrier(AT_ONCE)

    def many_times(number: int) -> None:
        together.wait()
        for _ in range(EACH):
            with store_app.app_context():
                pair = [(("a", ""), 1.0), (("b", ""), 2.0)]
                add_all(dict(pair if number % 2 else reversed(pair)))
                db.session.commit()
                db.session.remove()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(many_times, range(AT_ONCE)))
    assert counted() == {("a", ""): AT_ONCE * EACH, ("b", ""): 2 * AT_ONCE * EACH}


def test_an_accepted_upload_is_counted_with_its_bytes_and_the_same_file_again_is_not(send: Send) -> None:
    send(b"x" * 100)
    with pytest.raises(AlreadySentError):
        send(b"x" * 100)
    send(b"y" * 11)
    assert counted() == {(counters.UPLOADS, ""): 2, (counters.UPLOAD_BYTES, ""): 111}


def test_a_job_that_is_done_counts_its_rows_steps_and_parts(job_in: JobIn) -> None:
    job_in(JobState.DONE, parts=(b"Song\n1\n", b"Song\n22\n"))
    found = counted()
    assert found[counters.ENDED, "done"] == 1
    assert found[counters.ROWS, ""] == 30_000_000
    assert (found[counters.PARTS, ""], found[counters.PART_BYTES, ""]) == (2, 15)
    assert {step: spent for (name, step), spent in found.items() if name == counters.STEP_SECONDS} == {
        "reading": 6.0,
        "totalling": 2.0,
        "writing": 1.0,
    }


def test_a_job_that_failed_or_was_cancelled_counts_as_that(job_in: JobIn) -> None:
    job_in(JobState.FAILED, error={"code": "bad_plays", "message": "no"})
    cancelled = job_in(JobState.CANCELLED)
    assert not jobs.cancel(cancelled, jobs.keep_until(1))
    found = counted()
    assert (found[counters.ENDED, "failed"], found[counters.FAILED, "bad_plays"]) == (1, 1)
    assert found[counters.ENDED, "cancelled"] == 1


def test_crashes_and_retries_are_told_apart(job: Job) -> None:
    job_id, until = job.id, jobs.keep_until(1)
    for attempt, crashed in enumerate((True, False, True, True), start=1):
        attempts.claim(job_id, attempt, 30)
        assert [attempts.release(job_id, attempt, crashed=crashed) for _ in range(2)] == [True, False]
        assert attempts.follow_up(job_id, attempt, until)
        assert attempts.follow_up(job_id, attempt, until) is None
    found = counted()
    assert (found[counters.ATTEMPTS, "crashed"], found[counters.ATTEMPTS, "retried"]) == (3, 3)
    assert found[counters.FAILED, "worker_died"] == 1


def test_where_counting_breaks_the_job_has_not_changed_either(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None

    def fail(_amounts: counters.Amounts) -> None:
        raise SQLAlchemyError

    monkeypatch.setattr(counters, "add_all", fail)
    with pytest.raises(SQLAlchemyError):
        attempts.fail(claim, {"code": "bad_plays"}, jobs.keep_until(1))
    assert reread(claim.job_id).state is JobState.RUNNING
