"""Older calls that download the files named in a result, with the bearer token; they support Range."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from store import jobs
from store.states import JobState
from webapp.api.answers import BYTES, RANGE, older_refusals
from webapp.api.bearer import caller_id, require_bearer
from webapp.api.refusals import Refusal
from webapp.downloads.responses import send_input, send_part

api_files = Blueprint("api_files", __name__, url_prefix="/api", description="Older calls: files.")
api_files.before_request(require_bearer)
NOT_HERE = "There is no such file."
_ANSWERS = {"s401": "Missing or invalid token.", "s404": NOT_HERE, "s416": "Range not satisfiable."}


@api_files.route("/output_files/<part_id>/")
@api_files.doc(parameters=RANGE)
@api_files.response(200, content_type="text/csv", schema=BYTES, description="The part, with a header line.")
@api_files.alt_response(206, content_type="text/csv", schema=BYTES, description="The range that was asked for.")
@api_files.alt_response(304, description="You have it already.")
@older_refusals(api_files, **_ANSWERS)
def output_file(part_id: str) -> Response:
    """Download a part

    404 if it does not exist or belongs to another account.
    """
    part = jobs.find_part(part_id, caller_id())
    if part is None:
        raise Refusal(404, NOT_HERE)
    return send_part(part)


@api_files.route("/input_files/<job_id>/")
@api_files.doc(parameters=RANGE)
@api_files.response(200, content_type="text/csv", schema=BYTES, description="The file as it was sent.")
@api_files.alt_response(206, content_type="text/csv", schema=BYTES, description="The range that was asked for.")
@api_files.alt_response(304, description="You have it already.")
@older_refusals(api_files, **_ANSWERS)
def input_file(job_id: str) -> Response:
    """Download a job's input file

    404 if it does not exist, belongs to another account, or has been removed.
    """
    job = jobs.find(job_id, caller_id())
    if job is None or job.state is JobState.EXPIRED:
        raise Refusal(404, NOT_HERE)
    return send_input(job)
