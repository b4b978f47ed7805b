"""The view of a job: all figures and words that its templates show, computed once."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from store import jobs, queues
from store.attempts import MAX_CRASHES
from store.database import now
from store.failures import FAILURES_OF_OURS
from store.models import Job
from store.options import JobOptions, OptionsError
from store.states import STATES, JobState
from webapp.app_context import resources
from webapp.job_errors import bad_rows_of, error_of
from webapp.pages.detected_format import Found, found_in
from webapp.pages.options_form import Group, QuestionForm, asked_in, form_for, question_of
from webapp.progress import percent_of
from webapp.uploads.submit import has_file

FIRST_ROWS = 12
SILENCE = 20  # seconds without a heartbeat after which the page says so
STEPS = {
    "received": "Upload",
    "checking": "Check",
    "reading": "Read",
    "totalling": "Add up",
    "writing": "Save",
}
ASKS, UNREADABLE = "We need your help with this file", "We couldn't read this file"


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a job."""

    word: str
    place: str  # done | now | later


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as its page shows it."""

    sentence: str
    asks_again: int | None  # seconds until the page polls again; None: never, since the job has ended
    percent: int
    steps: tuple[StepView, ...]
    ahead: int  # jobs ahead in the queue
    queue_is_away: bool  # Redis is unreachable while the job waits in the queue
    silent: float | None  # seconds since the last heartbeat, if at least SILENCE
    trial: int  # from 1; more than 1 after a worker crashed
    trials: int
    seconds: float  # from the start of the processing to its end
    summary: dict[str, Any]
    error: dict[str, Any]
    found: tuple[Found, ...]  # the detected format, in words
    differently: tuple[Group, ...]  # the form to run the file with other options; empty if that is not possible
    question: QuestionForm | None  # a question whose answer would let a new run succeed
    problem: OptionsError | None  # with the options that were just submitted
    first_rows: list[list[str]]  # of the totals, the header first
    left_out: list[dict[str, Any]]  # the first bad rows
    total_bytes: int
    total_rows: int  # of the totals
    can_try_again: bool  # with the same options, since the file was not the cause
    bad_rows: str  # the option
    latest_run: str  # id of the file's latest run, by which a double click is recognised
    can_skip: bool  # skipping bad rows would help, and the file still exists


def job_view(job: Job, sent: Mapping[str, str] | None = None, problem: OptionsError | None = None) -> JobView:
    """Return the view of a job; ``sent`` is a submitted form of options that has a ``problem``."""
    summary, error = job.summary or {}, error_of(job) or {}
    is_done = job.state is JobState.DONE
    detected, chosen = summary.get("detected") or {}, JobOptions.from_json(job.options)
    can_run_again = job.state in (JobState.DONE, JobState.FAILED) and has_file(job)
    return JobView(
        sentence=_sentence(job, error),
        asks_again=_delay(job),
        percent=percent_of(job),
        steps=_steps(job),
        ahead=jobs.ahead_of(job) if job.state is JobState.QUEUED else 0,
        queue_is_away=job.state is JobState.QUEUED and not queues.answers(resources().redis),
        silent=_silence(job),
        trial=min(job.crashes + 1, MAX_CRASHES),
        trials=MAX_CRASHES,
        seconds=(job.ended_at - job.started_at).total_seconds() if job.ended_at and job.started_at else 0.0,
        summary=summary,
        error=error,
        found=found_in(detected, chosen, asked_in(error)),
        differently=form_for(detected, chosen, sent or {}, asked_in(error)) if can_run_again else (),
        question=question_of(error) if can_run_again else None,
        problem=problem,
        first_rows=_first_rows(job) if is_done else [],
        left_out=bad_rows_of(job),
        total_bytes=sum(part.bytes for part in job.parts),
        total_rows=sum(part.rows for part in job.parts),
        can_try_again=has_file(job)
        and (job.state is JobState.CANCELLED or (can_run_again and error.get("code") in FAILURES_OF_OURS)),
        bad_rows=chosen.bad_rows,
        latest_run=jobs.latest_run(job.upload_id) if STATES[job.state].is_final else "",
        can_skip=job.state is JobState.FAILED and can_run_again and bool(error.get("bad_rows")),
    )


def _sentence(job: Job, error: Mapping[str, Any]) -> str:
    """Return the heading of the page, which for a failed job says whether the visitor can help."""
    if job.state is not JobState.FAILED or error.get("code") in FAILURES_OF_OURS or not error:
        return STATES[job.state].sentence
    return ASKS if error.get("question") else UNREADABLE


def _delay(job: Job) -> int | None:
    """Return the seconds until the page should poll again, more for older jobs; None once the job has ended."""
    if STATES[job.state].is_final:
        return None
    age = now() - job.created_at
    if age < timedelta(minutes=2):
        return 1
    return 3 if age < timedelta(minutes=20) else 10


def _steps(job: Job) -> tuple[StepView, ...]:
    names = list(STEPS)
    working_at = names.index(job.step if job.step in STEPS else "checking")
    # A queued job stands between two steps.
    at = 0.5 if job.state is JobState.QUEUED else working_at
    return tuple(
        StepView(word, "done" if place < at else "now" if place == at else "later")
        for place, word in enumerate(STEPS.values())
    )


def _silence(job: Job) -> float | None:
    if job.state is not JobState.RUNNING or job.heartbeat_at is None:
        return None
    silent = (now() - job.heartbeat_at).total_seconds()
    return silent if silent >= SILENCE else None


def _first_rows(job: Job) -> list[list[str]]:
    """Return the header and first rows of part 1, without reading the rest of the file."""
    if not job.parts:
        return []
    path = resources().files.result(job.id, job.attempt, job.parts[0].name)
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            return list(islice(csv.reader(file), FIRST_ROWS + 1))
    except (OSError, csv.Error):
        return []  # a sample that cannot be shown must not hide the download
