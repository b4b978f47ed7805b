"""Jobs in any state, brought there by the functions that web and worker use."""

from __future__ import annotations

import hashlib
from typing import Any

from store import accept_upload, attempts, jobs
from store.attempts import PublishedPart
from store.database import db, now
from store.files import REJECTED, Files
from store.models import Job
from store.options import JobOptions
from store.states import JobState

TOTALS = b"Song,Date,Total Number of Plays for Date\nIn The End,2020-01-01,1500\nUmbrella,2020-01-02,250\n"
DETECTED = {
    "encoding": "utf-8",
    "delimiter": ",",
    "header": True,
    "compression": None,
    "date_style": "YYYY-MM-DD",
    "columns": {"Song": 0, "Date": 1, "Number of Plays": 2},
    "quote": '"',
    "escape": None,
    "thousands": None,
    "header_line": 1,
    "column_names": ["Song", "Date", "Number of Plays"],
}


def make_job(
    files: Files,
    owner_id: int,
    state: JobState,
    *,
    name: str = "plays-2024-03.csv",
    content: bytes | None = None,
    parts: tuple[bytes, ...] = (TOTALS,),
    rejected: tuple[dict[str, Any], ...] = (),
    error: dict[str, Any] | None = None,
    options: JobOptions | None = None,
    detected: dict[str, Any] | None = None,
    webhook_url: str | None = None,
    **values: Any,
) -> str:
    """A job in a state, brought there by the functions that the worker uses; ``values`` are set in the end."""
    content = content if content is not None else f"Song,Date,Number of Plays\nUmbrella,2020-01-02,{now()}\n".encode()
    path = files.paths.new_incoming()
    path.write_bytes(content)
    received = accept_upload.Received(path, name, len(content), hashlib.sha256(content).hexdigest())
    job = accept_upload.accept(files, owner_id, received, options or JobOptions(), webhook_url=webhook_url)
    job_id, until = job.id, jobs.keep_until(30)
    if state in (JobState.RUNNING, JobState.DONE, JobState.FAILED, JobState.EXPIRED):
        claim = attempts.claim(job_id, 1, 30)
        assert claim is not None
        if state is JobState.FAILED:
            attempts.fail(claim, error or refusal(), until, found_before_refusal(rejected, detected))
        elif state is not JobState.RUNNING:
            report = summary(rejected, detected)
            published = publish_files(files, job_id, parts, rejected)
            attempts.publish(claim, report, published, until, files.rejected_bytes(job_id, 1))
    elif state is JobState.CANCELLED:
        jobs.cancel(job_id, until)
    job = db.session.get_one(Job, job_id, populate_existing=True)
    if state is JobState.EXPIRED:
        job.state = state
    for key, value in values.items():
        setattr(job, key, value)
    db.session.commit()
    return job_id


def publish_files(
    files: Files, job_id: str, parts: tuple[bytes, ...], rejected: tuple[dict[str, Any], ...]
) -> list[PublishedPart]:
    """The parts on the disk, as a worker leaves them."""
    folder = files.staging(job_id, 1)
    published = []
    for number, content in enumerate(parts, start=1):
        name = f"part-{number:05d}.csv"
        (folder / name).write_bytes(content)
        rows = content.count(b"\n") - 1
        published.append(PublishedPart(name, rows, len(content), hashlib.sha256(content).hexdigest()))
    if rejected:
        (folder / REJECTED).write_text(
            "line,column,value,reason\n" + "".join(f"{row['line']},,,\n" for row in rejected)
        )
    files.publish(job_id, 1)
    return published


def summary(rejected: tuple[dict[str, Any], ...] = (), detected: dict[str, Any] | None = None) -> dict[str, Any]:
    """What processing reports of a run; ``detected`` is what it found otherwise than usual."""
    return {
        "rows_read": 30_000_000,
        "rows_used": 30_000_000 - len(rejected),
        "bad_rows": len(rejected),
        "plays": 14_983_596_449,
        "groups": 24_693_301,
        "seconds": {"reading": 6.0, "totalling": 2.0, "writing": 1.0},
        "detected": DETECTED | (detected or {}),
        "rejected": list(rejected),
    }


def found_before_refusal(
    rejected: tuple[dict[str, Any], ...] = (), detected: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What processing has found out about a file that it then refuses; nothing if it did not come so far."""
    known = DETECTED | detected if detected is not None else None
    return {"bad_rows": len(rejected), "rejected": list(rejected[:100]), "detected": known}


def refusal(**changes: Any) -> dict[str, Any]:
    """Why a file was refused, as the row of its job keeps it; ``message`` makes it one of an earlier version."""
    return {
        "code": "bad_rows",
        "key": "bad_rows",
        "params": {"rows": 30_000_000, "reason": "not_whole"},
        "line": 1_204_883,
        "column": "Number of Plays",
        "value": "12.5",
        "bad_rows": 3,
    } | changes
