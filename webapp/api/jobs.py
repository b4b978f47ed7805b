"""Older calls that upload a file and get its job's result.

A script sees only the jobs of its own account, even an administrator's; only the pages show everyone's.
"""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_smorest import Blueprint

from store import jobs
from store.accept_upload import AlreadySentError
from store.models import Job
from store.options import DEFAULTS, OptionsError
from store.states import STATES, JobState
from webapp.api import schemas
from webapp.api.answers import BYTES, LIMIT_HEADERS, older_refusals
from webapp.api.bearer import caller_id, require_bearer
from webapp.api.refusals import Refusal
from webapp.job_errors import sentence_of
from webapp.uploads.multipart import NO_FORM
from webapp.uploads.submit import chosen_options, received_form, start

api_jobs = Blueprint("api_jobs", __name__, url_prefix="/api", description="Older calls: jobs.")
api_jobs.before_request(require_bearer)
RETRY_AFTER = "2"  # seconds
EMPTY, ONE_FILE = "The file is empty.", "Upload one file per request."
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": BYTES | {"description": "The CSV."}}
    | {name: {"type": "string", "default": default} for name, default in DEFAULTS.items()},
}


@api_jobs.route("/process_file/", methods=["POST"])
@api_jobs.doc(requestBody={"required": True, "content": {"multipart/form-data": {"schema": _FORM}}})
@api_jobs.response(201, schemas.AcceptedSchema, headers=LIMIT_HEADERS)
@older_refusals(
    api_jobs,
    s400="An invalid option, or not exactly one file, or an empty one.",
    s401="Missing or invalid token.",
    s403="The token has only the scope read.",
    s409="Duplicate file: the account sent it before, and its job is waiting, running or done.",
    s413="The file is too large.",
    s429="The account exceeded its rate limit for uploads.",
    s507="The disk is full, or the account's quota is exceeded.",
)
def process_file() -> dict[str, str]:
    """Upload a file"""
    owner_id = caller_id()
    with received_form(owner_id, lambda _fields: None) as form:
        if not form.received:
            raise Refusal(400, NO_FORM)
        if len(form.received) > 1:
            raise Refusal(400, ONE_FILE)
        if form.received[0].bytes == 0:
            raise Refusal(400, EMPTY)
        try:
            return {"uuid": start(owner_id, form, form.received[0], chosen_options(form.fields)).id}
        except OptionsError as error:
            raise Refusal(400, str(error)) from None
        except AlreadySentError as earlier:
            message = (
                "You already uploaded this file. Use the result of the job that is named here, "
                "or run it again with other options."
            )
            raise Refusal(409, message, more={"uuid": earlier.job_id}) from None


@api_jobs.route("/csv_task_result/<job_id>/")
@api_jobs.response(200, schemas.ResultSchema)
@older_refusals(
    api_jobs,
    s401="Missing or invalid token.",
    s404="The job does not exist or belongs to another account.",
    s406="The job failed or was cancelled, so it has no result.",
    s410="The files were removed on their date.",
    s425="The job has not ended; try again after the number of seconds in Retry-After.",
)
def csv_task_result(job_id: str) -> dict[str, Any]:
    """Get a job's result"""
    job = jobs.find(job_id, caller_id())
    if job is None:
        raise Refusal(404, "There is no such job.")
    if job.state is not JobState.DONE:
        raise _no_result(job)
    return {
        "uuid": job.id,
        "input_file": url_for("api_files.input_file", job_id=job.id, _external=True),
        "output_files": [
            {"uuid": part.id, "output_file": url_for("api_files.output_file", part_id=part.id, _external=True)}
            for part in job.parts
        ],
        "initial_input_file_name": job.upload.name,
    }


def _no_result(job: Job) -> Refusal:
    sentence = STATES[job.state].sentence
    if job.state is JobState.EXPIRED:
        return Refusal(410, f"{sentence}.")
    if STATES[job.state].is_final:
        return Refusal(406, f"{sentence}.", more={"extra": {"error": sentence_of(job)}})
    return Refusal(425, f"{sentence}. Ask again in a moment.", headers={"Retry-After": RETRY_AFTER})
