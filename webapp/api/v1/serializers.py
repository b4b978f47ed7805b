"""Serializers of the newer API: jobs, webhooks and parts as plain values, by the names of webapp.api.schemas."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import url_for

from store import webhooks
from store.database import written
from store.models import Job, Part, Webhook
from store.options import JobOptions
from store.states import STATES, JobState
from store.webhooks import TOTALS
from webapp.downloads.responses import part_name
from webapp.job_errors import bad_rows_of, error_of
from webapp.progress import percent_of


def job_summary(job: Job) -> dict[str, Any]:
    """Serialize a job for a list."""
    return {
        "id": job.id,
        "state": job.state.value,
        "is_final": STATES[job.state].is_final,
        "step": job.step,
        "percent": percent_of(job),
        "file_name": job.upload.name,
        "file_bytes": job.upload.bytes,
        "created_at": moment(job.created_at),
        "ended_at": moment(job.ended_at),
        "keep_until": moment(job.keep_until),
        "links": _links(job),
    }


def job_whole(job: Job) -> dict[str, Any]:
    """Serialize a job with all its details."""
    summary = job.summary or {}
    return job_summary(job) | {
        "attempt": job.attempt,
        "file_sha256": job.upload.sha256,
        "started_at": moment(job.started_at),
        "rows_read": job.rows_read,
        "rows_per_second": job.rows_per_second if job.state is JobState.RUNNING else None,
        "seconds_left": job.seconds_left if job.state is JobState.RUNNING else None,
        "options": JobOptions.from_json(job.options).values(),
        "detected": summary.get("detected"),
        "totals": {name: summary.get(name) for name in TOTALS},
        "rejected": bad_rows_of(job),
        "error": error_of(job),
        "webhook": webhook_json(job.webhook),
    }


def webhook_json(hook: Webhook | None) -> dict[str, Any] | None:
    """Serialize the webhook of a job."""
    if hook is None:
        return None
    return {
        "url": hook.url,
        "state": webhooks.state_of(hook),
        "tries": hook.tries,
        "last_problem": hook.last_problem,
        "delivered_at": moment(hook.delivered_at),
    }


def part_json(part: Part) -> dict[str, Any]:
    """Serialize a part."""
    download = url_for("api_v1_parts.download", job_id=part.job_id, number=part.number, _external=True)
    return {
        "number": part.number,
        "id": part.id,
        "name": part_name(part),
        "rows": part.rows,
        "bytes": part.bytes,
        "sha256": part.sha256,
        "media_type": part.media_type,
        "links": {"download": download},
    }


def job_address(job_id: str) -> str:
    """Return the URL of a job."""
    return url_for("api_v1_jobs.one", job_id=job_id, _external=True)


def moment(at: datetime | None) -> str | None:
    """Format a time as RFC 3339, in UTC."""
    return None if at is None else written(at)


def _links(job: Job) -> dict[str, str | None]:
    is_done, is_final = job.state is JobState.DONE, STATES[job.state].is_final
    has_files = job.state is not JobState.EXPIRED
    has_rejected = is_done and bool((job.summary or {}).get("bad_rows"))

    def link(endpoint: str, is_there: bool) -> str | None:
        return url_for(endpoint, job_id=job.id, _external=True) if is_there else None

    return {
        "self": job_address(job.id),
        "file": link("api_v1_parts.file", has_files),
        "parts": link("api_v1_parts.listed", is_done),
        "zip": link("api_v1_parts.everything", is_done),
        "rejected": link("api_v1_parts.rejected", has_rejected),
        "result": link("api_jobs.csv_task_result", is_done),
        "runs": link("api_v1_creating.run_again", has_files and is_final),
        "cancel": link("api_v1_jobs.cancel", not is_final),
    }
