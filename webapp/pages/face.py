"""What the page of a job says: all figures and words that its templates show, worked out once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from store import jobs
from store.attempts import MAX_CRASHES
from store.database import now
from store.models import Job
from store.states import STATES, JobState
from webapp.resources import resources

FIRST_ROWS = 12
LISTED_LEFT_OUT = 100
SILENCE = 20  # seconds without a sign of life after which the page says so
STEPS = {
    "received": "Received",
    "checking": "Checked",
    "reading": "Reading",
    "totalling": "Totalling",
    "writing": "Writing",
}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark", "cp1252": "Windows-1252"}


@dataclass(frozen=True, slots=True)
class Step:
    """One station on the way of a file."""

    word: str
    place: str  # done | now | later


@dataclass(frozen=True, slots=True)
class Face:
    """A job as its page shows it."""

    sentence: str
    asks_again: int | None  # seconds until the page asks again; None: never, the job has ended
    percent: int
    steps: tuple[Step, ...]
    ahead: int  # files that come first
    silent: float | None  # seconds without a sign of life, once that is long
    trial: int  # 1 upwards; more than 1 after a machine stopped
    trials: int
    seconds: float  # from the beginning of the work to its end
    summary: dict[str, Any]
    error: dict[str, Any]
    found: tuple[str, ...]  # what we found in the file, in words
    first_rows: list[list[str]]  # of the totals, the header first
    left_out: list[dict[str, Any]]
    total_bytes: int
    can_skip: bool  # leaving rows out would help, and the file is still there


def face_of(job: Job) -> Face:
    """Work out the face of a job."""
    summary, error = job.summary or {}, job.error or {}
    is_done = job.state is JobState.DONE
    return Face(
        sentence=STATES[job.state].sentence,
        asks_again=_delay(job),
        percent=_percent(job),
        steps=_steps(job),
        ahead=jobs.ahead_of(job) if job.state is JobState.QUEUED else 0,
        silent=_silence(job),
        trial=min(job.crashes + 1, MAX_CRASHES),
        trials=MAX_CRASHES,
        seconds=(job.ended_at - job.started_at).total_seconds() if job.ended_at and job.started_at else 0.0,
        summary=summary,
        error=error,
        found=_found(summary.get("detected") or {}),
        first_rows=_first_rows(job) if is_done else [],
        left_out=(summary.get("rejected") or [])[:LISTED_LEFT_OUT],
        total_bytes=sum(part.bytes for part in job.parts),
        can_skip=job.state is JobState.FAILED and bool(error.get("bad_rows")),
    )


def _delay(job: Job) -> int | None:
    """Seconds until the page should ask again: soon while a job is young, seldom once it is old."""
    if STATES[job.state].is_final:
        return None
    age = now() - job.created_at
    if age < timedelta(minutes=2):
        return 1
    return 3 if age < timedelta(minutes=20) else 10


def _percent(job: Job) -> int:
    """Whole percents, rounded down: 100 is only said once it is true."""
    if job.state is JobState.DONE:
        return 100
    return min(99, int(job.fraction * 100)) if job.state is JobState.RUNNING else 0


def _steps(job: Job) -> tuple[Step, ...]:
    names = list(STEPS)
    working_at = names.index(job.step if job.step in STEPS else "checking")
    # A file that waits stands between two stations.
    at = {JobState.RECEIVING: 0, JobState.QUEUED: 0.5}.get(job.state, working_at)
    return tuple(
        Step(word, "done" if place < at else "now" if place == at else "later")
        for place, word in enumerate(STEPS.values())
    )


def _silence(job: Job) -> float | None:
    if job.state is not JobState.RUNNING or job.seen_at is None:
        return None
    silent = (now() - job.seen_at).total_seconds()
    return silent if silent >= SILENCE else None


def _found(detected: dict[str, Any]) -> tuple[str, ...]:
    if not detected:
        return ()
    words = [
        _ENCODINGS.get(detected.get("encoding", ""), detected.get("encoding")),
        _DELIMITERS.get(detected.get("delimiter", ""), detected.get("delimiter")),
        "a header" if detected.get("header") else "no header",
        f"dates as {detected['date_style']}" if detected.get("date_style") else None,
        f"compressed with {detected['compression']}" if detected.get("compression") else None,
    ]
    places = detected.get("columns") or {}
    words += [f"{name} in column {place + 1}" for name, place in sorted(places.items(), key=lambda item: item[1])]
    return tuple(word for word in words if word)


def _first_rows(job: Job) -> list[list[str]]:
    """The header and first rows of part 1, without the rest of the file being read."""
    if not job.parts:
        return []
    path = resources().files.result(job.id, job.attempt, job.parts[0].name)
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            return list(islice(csv.reader(file), FIRST_ROWS + 1))
    except (OSError, csv.Error):
        return []  # a sample that cannot be shown must not hide the download
