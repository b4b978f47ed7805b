"""One attempt: whatever happens in it, its job gets one end, and nothing that was not published stays."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from rq.timeouts import JobTimeoutException
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from common.settings import Settings
from processing.errors import Choice, Question, RefusedError
from processing.options import Options
from processing.progress import OnProgress, Progress, Step
from processing.result import BadRow, Detected, Outcome, PartFile
from store import attempts, jobs
from store.attempts import Claim
from store.database import db
from store.failures import failure
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import JobState
from tests.worker.conftest import EXAMPLE, EXAMPLE_TOTALS, Start, Submit, Submitted, reread, working_files
from worker import attempt, retry

PART = "part-00001.csv"
DETECTED = Detected(
    encoding="cp1252",
    delimiter=";",
    header=True,
    compression=None,
    date_style="YYYY-MM-DD",
    columns={"Song": 0, "Date": 1, "Number of Plays": 2},
    quote='"',
    escape=None,
    thousands=None,
    header_line=1,
    column_names=("Titel", "Tag", "Anzahl"),
)
OUTCOME = Outcome(
    rows_read=1,
    rows_used=1,
    bad_rows=0,
    plays=3,
    groups=1,
    seconds={},
    detected=DETECTED,
    parts=(PartFile(PART, 1, 5, "0" * 64),),
    rejected=(),
)

ORDERS = {"DD/MM/YYYY": "day_first.like", "MM/DD/YYYY": "month_first.like"}
Run = Callable[[Callable[..., Outcome]], Job]


@pytest.fixture
def run_with(store_app: Flask, settings: Settings, job: Submitted, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the job's first attempt with a stand-in for processing that writes a part and then does as it is told."""

    def run(then: Callable[[OnProgress], Any]) -> Job:
        def process(_source: Path, output: Path, options: Options, on_progress: OnProgress) -> Outcome:
            assert options.scratch is not None
            (options.scratch / "bucket").write_bytes(b"half")
            (output / PART).write_bytes(b"whole")
            then(on_progress)
            return OUTCOME

        monkeypatch.setattr(attempt, "process_csv", process)
        monkeypatch.setattr(retry, "PAUSES", (0.0, 0.0))
        assert attempt.run(store_app, job.id, 1, settings)
        return reread(job.id)

    return run


def raising(error: BaseException) -> Callable[[OnProgress], None]:
    def raise_it(_on_progress: OnProgress) -> None:
        raise error

    return raise_it


def away(*_arguments: Any) -> OperationalError:
    return OperationalError("UPDATE job", {}, Exception("the server closed the connection"))


def test_a_good_file_ends_done_with_its_parts_published(start: Start, job: Submitted, files: Files) -> None:
    assert start("worker", job.id, "1").wait() == 0
    done = reread(job.id)
    assert (done.state, done.fraction, done.summary["plays"]) == (JobState.DONE, 1.0, 750)
    assert files.result(job.id, 1, done.parts[0].name).read_bytes() == EXAMPLE_TOTALS
    assert working_files(files) == []


def test_a_file_with_a_bad_row_is_refused_with_its_line(start: Start, submit: Submit, files: Files) -> None:
    job = submit(EXAMPLE + b"Umbrella,2020-02-30,1\n")
    assert start("worker", job.id, "1").wait() == 0
    failed = reread(job.id)
    assert (failed.state, failed.error["line"], failed.parts) == (JobState.FAILED, 5, [])
    assert working_files(files) == []
    assert not (files.data_dir / "results" / job.id).exists()


def test_skipped_bad_rows_are_published_beside_the_parts(start: Start, submit: Submit, files: Files) -> None:
    job = submit(EXAMPLE + b"Umbrella,2020-02-30,1\n", JobOptions(bad_rows="skip"))
    assert start("worker", job.id, "1").wait() == 0
    done = reread(job.id)
    assert (done.state, done.summary["bad_rows"], len(done.parts)) == (JobState.DONE, 1, 1)
    assert b"2020-02-30" in files.result(job.id, 1, "rejected.csv").read_bytes()


def test_a_refused_file_keeps_what_was_found_in_it_and_its_first_bad_rows(run_with: Run) -> None:
    error = RefusedError("bad_rows", line=2, column="Date", value="", bad_rows=300, rows=301, reason="missing")
    error.detected = DETECTED
    error.rejected = tuple(BadRow(line, "Date", "", "missing") for line in range(2, 302))
    failed = run_with(raising(error))
    assert (failed.state, failed.error) == (JobState.FAILED, error.to_record())
    assert failed.summary["bad_rows"] == 300
    rows = [{"line": line, "column": "Date", "value": "", "code": "missing", "params": {}} for line in range(2, 102)]
    assert failed.summary["rejected"] == rows
    assert failed.summary["detected"]["column_names"] == ["Titel", "Tag", "Anzahl"]


def test_a_refusal_keeps_its_question(run_with: Run) -> None:
    choices = [Choice(style, key, {"like": style}) for style, key in ORDERS.items()]
    question = Question(("date_style",), tuple(choices))
    failed = run_with(raising(RefusedError("dates_contradict", question=question)))
    assert failed.error["question"] == {
        "options": ["date_style"],
        "choices": [{"value": style, "key": key, "params": {"like": style}} for style, key in ORDERS.items()],
    }
    assert failed.summary == {"bad_rows": 0, "rejected": [], "detected": None}


def test_a_failure_of_ours_has_nothing_to_tell_about_the_file(run_with: Run) -> None:
    assert run_with(raising(MemoryError())).summary is None


def test_an_attempt_that_is_not_to_be_had_is_told_by_an_exit_code_of_its_own(start: Start, job: Submitted) -> None:
    assert start("worker", job.id, "2").wait() == 75
    assert reread(job.id).state is JobState.QUEUED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/scratch/x"), "disk_full"),
        (MemoryError("malloc of size 99 failed"), "out_of_memory"),
        (JobTimeoutException("Task exceeded maximum timeout value"), "took_too_long"),
        (ZeroDivisionError("/opt/secret/place.py"), "internal_error"),
        (SystemError("returned NULL"), "internal_error"),
    ],
)
def test_a_failure_of_ours_ends_the_job_with_a_code_and_nothing_of_the_error(
    run_with: Run, files: Files, error: Exception, code: str
) -> None:
    failed = run_with(raising(error))
    assert (failed.state, failed.error) == (JobState.FAILED, failure(code))
    assert working_files(files) == []


def test_a_full_disk_is_known_behind_the_error_it_caused(run_with: Run) -> None:
    error = RuntimeError("could not write")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert run_with(raising(error)).error["code"] == "disk_full"


def test_an_upload_that_is_gone_is_asked_for_again(run_with: Run, files: Files, job: Submitted) -> None:
    files.remove_upload(job.upload_id)
    assert run_with(raising(FileNotFoundError("gone"))).error["code"] == "upload_missing"


def test_a_cancelled_job_stops_at_its_next_sign_of_progress_and_leaves_no_files(
    run_with: Run, files: Files, job: Submitted
) -> None:
    def cancel(on_progress: OnProgress) -> None:
        assert jobs.cancel(job.id, jobs.keep_until(1))
        on_progress(Progress(Step.READING, 0.5, 10))
        pytest.fail("it went on")

    assert run_with(cancel).state is JobState.CANCELLED
    assert working_files(files) == []


def test_an_attempt_that_was_taken_over_publishes_nothing(run_with: Run, files: Files, job: Submitted) -> None:
    def take_over(_on_progress: OnProgress) -> None:
        attempts.release(job.id, 1, crashed=True)
        attempts.follow_up(job.id, 1, jobs.keep_until(1))

    queued = run_with(take_over)
    assert (queued.state, queued.attempt, queued.parts) == (JobState.QUEUED, 2, [])
    assert not (files.data_dir / "results" / job.id).exists()


def test_a_job_deleted_in_mid_run_leaves_no_files_and_is_no_error(
    store_app: Flask,
    settings: Settings,
    files: Files,
    job: Submitted,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def delete_it(source: Path, output: Path, *_more: Any) -> Outcome:
        jobs.remove(files, job_id)
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(output))

    job_id = job.id
    monkeypatch.setattr(attempt, "process_csv", delete_it)
    assert attempt.run(store_app, job_id, 1, settings)
    assert working_files(files) == []
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_database_that_is_away_for_a_moment_costs_nothing(run_with: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [away(), away()]
    publish = attempts.publish

    def sometimes(*arguments: Any) -> None:
        if answers:
            raise answers.pop()
        publish(*arguments)

    monkeypatch.setattr(attempts, "publish", sometimes)
    done = run_with(lambda _on_progress: None)
    assert (done.state, len(done.parts)) == (JobState.DONE, 1)


def test_a_database_that_is_lost_just_when_a_job_fails_costs_no_end(
    run_with: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_claim: Claim) -> bool:
        db.session.execute(select(1))
        db.session.connection().invalidate()
        raise away()

    monkeypatch.setattr(attempts, "holds", broken)
    assert run_with(raising(RuntimeError("a defect"))).error["code"] == "internal_error"


def test_a_commit_whose_answer_was_lost_keeps_what_it_published(
    run_with: Run, files: Files, job: Submitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = attempts.publish

    def commit_without_answer(*arguments: Any) -> None:
        publish(*arguments)
        raise away()

    monkeypatch.setattr(attempts, "publish", commit_without_answer)
    assert run_with(lambda _on_progress: None).state is JobState.DONE
    assert files.result(job.id, 1, PART).read_bytes() == b"whole"


def test_ctrl_c_lets_go_of_the_attempt_and_keeps_its_files_for_the_next(
    run_with: Run, files: Files, job: Submitted
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_with(raising(KeyboardInterrupt()))
    again = reread(job.id)
    assert (again.state, again.lease_until, again.crashes) == (JobState.RUNNING, None, 0)
    assert (files.scratch(job.id, 1) / "bucket").exists()
