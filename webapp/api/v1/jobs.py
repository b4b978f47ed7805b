"""Calls that list, get, cancel and delete jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from store import jobs
from store.jobs import Cursor
from store.states import JobState
from webapp.api import schemas
from webapp.api.answers import refuses
from webapp.api.bearer import caller_id
from webapp.api.v1 import paging
from webapp.api.v1.access import RETRY_AFTER, V1, own_job
from webapp.api.v1.long_polling import LONGEST, job_after_change
from webapp.api.v1.serializers import job_summary, job_whole
from webapp.app_context import resources
from webapp.uploads.submit import stop

api_v1_jobs = V1("api_v1_jobs", __name__, description="Jobs, each a run over a file.")
# Beyond this range, conversion to UTC can overflow.
_IN_TIME = validate.Range(datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


class JobFilters(Schema):
    """Filters and paging of the list of jobs."""

    state = fields.List(
        fields.String(validate=validate.OneOf([str(state) for state in JobState])),
        metadata={"description": "Only jobs in this state; may be repeated."},
    )
    file_name = fields.String(
        validate=validate.Length(max=255), metadata={"description": "Only jobs whose file name contains this."}
    )
    created_after = fields.AwareDateTime(
        validate=_IN_TIME, metadata={"description": "Only jobs created at this time or later."}
    )
    created_before = fields.AwareDateTime(
        validate=_IN_TIME, metadata={"description": "Only jobs created before this time."}
    )
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100), metadata={"description": "Jobs per page."})
    cursor = fields.String(metadata={"description": "Cursor of the page, as in the URL next."})


class Wait(Schema):
    """How long to wait for a change (long polling)."""

    wait = fields.Integer(
        load_default=0,
        validate=validate.Range(0, LONGEST),
        metadata={"description": "Seconds to wait until the job changes or ends.", "example": 30},
    )


@api_v1_jobs.route("/jobs")
@api_v1_jobs.arguments(JobFilters, location="query")
@api_v1_jobs.response(
    200, schemas.JobListSchema, description="A page of jobs; the header Link also has the URL of the next one."
)
@refuses(api_v1_jobs, "bad-request")
def listed(filters: dict[str, Any]) -> Any:
    """List jobs

    Those of your account, newest first. Pages are stable while new jobs arrive.
    """
    limit = filters.pop("limit")
    cursor = paging.position(filters.pop("cursor", None))
    found = jobs.page(caller_id(), limit=limit + 1, cursor=cursor, **filters)
    last = found[limit - 1] if len(found) > limit else None
    address = None if last is None else paging.next_address(Cursor(last.created_at, last.id))
    headers = {"Link": f'<{address}>; rel="next"'} if address else {}
    return {"items": [job_summary(job) for job in found[:limit]], "next": address}, headers


@api_v1_jobs.route("/jobs/<job_id>")
@api_v1_jobs.arguments(Wait, location="query")
@api_v1_jobs.response(200, schemas.JobSchema, description="The job, in any state.")
@refuses(api_v1_jobs, "bad-request")
def one(wait: dict[str, int], job_id: str) -> Any:
    """Get a job

    With `wait` the response comes as soon as state, step or percent change or the job ends (long polling).
    """
    job = job_after_change(job_id, wait["wait"])
    body = job_whole(job)
    return body, ({} if body["is_final"] else {"Retry-After": RETRY_AFTER})


@api_v1_jobs.route("/jobs/<job_id>/cancel", methods=["POST"])
@api_v1_jobs.response(200, schemas.JobSchema, description="The job, which has now ended.")
@refuses(api_v1_jobs, "not-allowed")
def cancel(job_id: str) -> Any:
    """Cancel a job

    This is idempotent: a job that has already ended stays as it is.
    """
    stop(own_job(job_id))
    return job_whole(own_job(job_id))


@api_v1_jobs.route("/jobs/<job_id>", methods=["DELETE"])
@api_v1_jobs.response(204, description="The job and its files are deleted.")
@refuses(api_v1_jobs, "not-allowed")
def delete(job_id: str) -> Response:
    """Delete a job and its files

    In any state. The uploaded file stays as long as another run over it needs it.
    """
    stop(own_job(job_id))
    jobs.remove(resources().files, job_id)
    return Response(status=204)
