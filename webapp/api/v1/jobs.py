"""Jobs: a list of them, all about one, ending and removing one."""

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

api_v1_jobs = V1("api_v1_jobs", __name__, description="Jobs: one run over one file each.")
# Further away, a moment has none in UTC.
_IN_TIME = validate.Range(datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


class JobFilters(Schema):
    """Which jobs, and how many at a time."""

    state = fields.List(
        fields.String(validate=validate.OneOf([str(state) for state in JobState])),
        metadata={"description": "Jobs in one of these states only; may come several times."},
    )
    file_name = fields.String(
        validate=validate.Length(max=255), metadata={"description": "Jobs whose file name has this in it."}
    )
    created_after = fields.AwareDateTime(
        validate=_IN_TIME, metadata={"description": "Jobs of files sent at this moment or later."}
    )
    created_before = fields.AwareDateTime(
        validate=_IN_TIME, metadata={"description": "Jobs of files sent before this moment."}
    )
    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, 100), metadata={"description": "Jobs on a page."}
    )
    cursor = fields.String(metadata={"description": "Where to go on; take it from next."})


class Wait(Schema):
    """How long to wait for news."""

    wait = fields.Integer(
        load_default=0,
        validate=validate.Range(0, LONGEST),
        metadata={"description": "Seconds to wait until something changes or the job ends.", "example": 30},
    )


@api_v1_jobs.route("/jobs")
@api_v1_jobs.arguments(JobFilters, location="query")
@api_v1_jobs.response(
    200, schemas.JobListSchema, description="A page of jobs; the header Link names the next one, too."
)
@refuses(api_v1_jobs, "bad-request")
def listed(filters: dict[str, Any]) -> Any:
    """List jobs

    The account's own, newest first. Pages stay whole while new jobs arrive.
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
@api_v1_jobs.response(200, schemas.JobSchema, description="The job, in whatever state it is.")
@refuses(api_v1_jobs, "bad-request")
def one(wait: dict[str, int], job_id: str) -> Any:
    """All about a job

    With `wait` the answer comes as soon as state, step or percent are others than when you asked, or the job has ended.
    """
    job = job_after_change(job_id, wait["wait"])
    face = job_whole(job)
    return face, ({} if face["is_final"] else {"Retry-After": RETRY_AFTER})


@api_v1_jobs.route("/jobs/<job_id>/cancel", methods=["POST"])
@api_v1_jobs.response(200, schemas.JobSchema, description="The job, which has ended now.")
@refuses(api_v1_jobs, "not-allowed")
def cancel(job_id: str) -> Any:
    """End a job

    Nothing happens to a job that has ended before: call it as often as you like.
    """
    stop(own_job(job_id))
    return job_whole(own_job(job_id))


@api_v1_jobs.route("/jobs/<job_id>", methods=["DELETE"])
@api_v1_jobs.response(204, description="It is gone, with all its files.")
@refuses(api_v1_jobs, "not-allowed")
def delete(job_id: str) -> Response:
    """Remove a job with all its files

    In whatever state it is. The file that was sent stays as long as another run over it needs it.
    """
    stop(own_job(job_id))
    jobs.remove(resources().files, job_id)
    return Response(status=204)
