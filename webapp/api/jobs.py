"""Sending a file and asking what came of it.

A script sees the jobs of its own account only, an administrator's too; everyone's are a matter of the pages.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for

from store import jobs
from store.intake import AlreadySentError
from store.models import Job
from store.options import OptionsError
from store.states import STATES, JobState
from webapp.api.bearer import caller_id, require_bearer
from webapp.api.refusals import Refusal
from webapp.starting import chosen_options, received_form, start

api_jobs = Blueprint("api_jobs", __name__, url_prefix="/api")
api_jobs.before_request(require_bearer)
RETRY_AFTER = "2"  # seconds


@api_jobs.post("/process_file/")
def process_file() -> tuple[dict[str, str], int]:
    """Multipart with ``file`` and perhaps options -> 201 ``{uuid}``; options are those of store.options.JobOptions.

    400 with a wrong option, without a file, with an empty one or with several; 409 ``{uuid, message, type}`` when the
    account sent the same bytes before and that job waits, runs or is done; 413 too large; 507 disk full.
    """
    owner_id = caller_id()
    with received_form(owner_id, lambda _fields: None) as form:
        if not form.received:
            raise Refusal(400, "Send the file as multipart/form-data, in a field named file.")
        if len(form.received) > 1:
            raise Refusal(400, "Send one file in a request.")
        if form.received[0].bytes == 0:
            raise Refusal(400, "The file is empty.")
        try:
            return {"uuid": start(owner_id, form, form.received[0], chosen_options(form.fields)).id}, 201
        except OptionsError as error:
            raise Refusal(400, str(error)) from None
        except AlreadySentError as earlier:
            message = (
                "You sent this file before. Ask for the result of the job that is named here, "
                "or run it again with other options."
            )
            raise Refusal(409, message, more={"uuid": earlier.job_id}) from None


@api_jobs.get("/csv_task_result/<job_id>/")
def csv_task_result(job_id: str) -> dict[str, Any]:
    """What came of a job: 200 ``{uuid, input_file, output_files: [{uuid, output_file}], initial_input_file_name}``.

    425 with Retry-After while it has not ended; 406 with ``extra.error`` when it failed or was cancelled (there
    will never be a result); 410 when its files were removed on their date; 404 unknown, or someone else's.
    """
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
        return Refusal(410, sentence)
    if STATES[job.state].is_final:
        return Refusal(406, sentence, more={"extra": {"error": (job.error or {}).get("message", sentence)}})
    return Refusal(425, f"{sentence} Ask again in a moment.", headers={"Retry-After": RETRY_AFTER})
