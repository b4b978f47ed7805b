"""The files that a result names. They want the bearer, and know Range."""

from __future__ import annotations

from flask import Blueprint, Response

from store import jobs
from store.states import JobState
from webapp.api.bearer import caller_id, require_bearer
from webapp.api.refusals import Refusal
from webapp.sending import send_input, send_part

api_files = Blueprint("api_files", __name__, url_prefix="/api")
api_files.before_request(require_bearer)
NOT_HERE = "There is no such file."


@api_files.get("/output_files/<part_id>/")
def output_file(part_id: str) -> Response:
    """One part of the totals; 404 unknown, or someone else's."""
    part = jobs.find_part(part_id, caller_id())
    if part is None:
        raise Refusal(404, NOT_HERE)
    return send_part(part)


@api_files.get("/input_files/<job_id>/")
def input_file(job_id: str) -> Response:
    """The file of a job as it was sent; 404 unknown, someone else's, or removed on its date."""
    job = jobs.find(job_id, caller_id())
    if job is None or job.state is JobState.EXPIRED:
        raise Refusal(404, NOT_HERE)
    return send_input(job)
