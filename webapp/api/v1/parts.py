"""Calls that download the results of a job: its parts, one by one or in a zip, the rows left out and its file."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response

from store.states import STATES, JobState
from webapp.api import schemas
from webapp.api.answers import BYTES, RANGE, refuses
from webapp.api.v1.access import V1, own_done_job, own_job
from webapp.api.v1.serializers import part_json
from webapp.downloads import responses
from webapp.errors.problems import Problem

api_v1_parts = V1("api_v1_parts", __name__, description="Results: the totals of a job, in parts of bounded size.")

NOT_DONE = ("not-ended", "expired", "job-failed")
CSV_BYTES = {"content_type": "text/csv", "schema": BYTES}
RANGED_HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "The file's sha256; send it as If-Range or If-None-Match."},
    "Accept-Ranges": {"schema": {"type": "string"}, "description": "bytes"},
}


@api_v1_parts.route("/jobs/<job_id>/parts")
@api_v1_parts.response(200, schemas.PartListSchema)
@refuses(api_v1_parts, *NOT_DONE)
def listed(job_id: str) -> Any:
    """List a job's parts

    With rows, bytes and sha256 of each. Rows are sorted by song and date across all parts.
    """
    return {"items": [part_json(part) for part in own_done_job(job_id).parts]}


@api_v1_parts.route("/jobs/<job_id>/parts/<number>")
@api_v1_parts.doc(parameters=RANGE)
@api_v1_parts.response(200, description="The part, with a header line.", headers=RANGED_HEADERS, **CSV_BYTES)
@api_v1_parts.alt_response(206, description="The range that was asked for.", headers=RANGED_HEADERS, **CSV_BYTES)
@api_v1_parts.alt_response(304, description="You have it already.")
@refuses(api_v1_parts, *NOT_DONE, "outside-the-file")
def download(job_id: str, number: str) -> Response:
    """Download a part

    The header Repr-Digest has its sha256 (RFC 9530).
    """
    job = own_done_job(job_id)
    wanted = [part for part in job.parts if str(part.number) == number]
    if not wanted:
        raise Problem("not-found", f"The job has {len(job.parts)} parts, and this is none of them.")
    answer = responses.send_part(wanted[0])
    digest = base64.b64encode(bytes.fromhex(wanted[0].sha256)).decode()
    answer.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return answer


@api_v1_parts.route("/jobs/<job_id>/parts.zip")
@api_v1_parts.response(
    200, content_type="application/zip", schema=BYTES, description="All parts, and the rows left out."
)
@refuses(api_v1_parts, *NOT_DONE)
def everything(job_id: str) -> Response:
    """Download all parts as a zip

    It is generated while it is sent, so it supports no ranges. Content-Length is known.
    """
    return responses.send_zip(own_done_job(job_id))


@api_v1_parts.route("/jobs/<job_id>/rejected.csv")
@api_v1_parts.doc(parameters=RANGE)
@api_v1_parts.response(200, description="A CSV with line, column, value and reason of each row.", **CSV_BYTES)
@api_v1_parts.alt_response(206, description="The range that was asked for.", **CSV_BYTES)
@api_v1_parts.alt_response(304, description="You have it already.")
@refuses(api_v1_parts, *NOT_DONE, "outside-the-file")
def rejected(job_id: str) -> Response:
    """Download the rows left out

    404 if there are none.
    """
    return responses.send_left_out(own_done_job(job_id))


@api_v1_parts.route("/jobs/<job_id>/file")
@api_v1_parts.doc(parameters=RANGE)
@api_v1_parts.response(200, description="The file.", headers=RANGED_HEADERS, **CSV_BYTES)
@api_v1_parts.alt_response(206, description="The range that was asked for.", headers=RANGED_HEADERS, **CSV_BYTES)
@api_v1_parts.alt_response(304, description="You have it already.")
@refuses(api_v1_parts, "expired", "outside-the-file")
def file(job_id: str) -> Response:
    """Download a job's input file"""
    job = own_job(job_id)
    if job.state is JobState.EXPIRED:
        raise Problem("expired", f"{STATES[JobState.EXPIRED].sentence}.")
    return responses.send_input(job)
