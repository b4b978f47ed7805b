"""The API for new scripts, of which this is the beginning: jobs, and more runs over the file of a job.

A script sees the jobs of its own account only. Codes and sentences of refusals are those of the older calls.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from store import jobs
from store.models import Job
from store.options import JobOptions, OptionsError
from store.states import STATES, JobState
from webapp.api.bearer import caller_id, require_bearer
from webapp.api.refusals import Refusal
from webapp.progress import percent_of
from webapp.starting import has_file, start_again

api_v1 = Blueprint("api_v1", __name__, url_prefix="/api/v1")
api_v1.before_request(require_bearer)
LISTED_REJECTED = 100
RETRY_AFTER = "2"  # seconds
TOTALS = ("rows_read", "rows_used", "bad_rows", "plays", "groups")


@api_v1.get("/jobs/<job_id>")
def job(job_id: str) -> dict[str, Any]:
    """All about a job: 200 with

    - ``id``, ``state`` (receiving queued running done failed cancelled expired), ``step``, ``percent``, ``file_name``;
    - ``options`` as they were given, empty for what was to be found out, and ``detected``, what was found (or null);
    - ``totals`` {rows_read rows_used bad_rows plays groups}, each null until it is known; plays is exact at any size;
    - ``rejected`` [{line column value reason}], the first rows that could not be read;
    - ``error`` {code message line column value bad_rows question} of a job that failed, else null;
    - ``links`` {self runs result}, ``result`` being null until the job is done.

    404 unknown, or someone else's.
    """
    found = _mine(job_id)
    summary = found.summary or {}
    return {
        "id": found.id,
        "state": found.state.value,
        "step": found.step,
        "percent": percent_of(found),
        "file_name": found.upload.name,
        "options": JobOptions.from_json(found.options).values(),
        "detected": summary.get("detected"),
        "totals": {name: summary.get(name) for name in TOTALS},
        "rejected": (summary.get("rejected") or [])[:LISTED_REJECTED],
        "error": found.error,
        "links": _links(found),
    }


@api_v1.post("/jobs/<job_id>/runs")
def run_again(job_id: str) -> Response:
    """The file of a job once more, as a new job -> 202 ``{id}`` with its Location.

    A JSON object or form fields of options replaces those of this job; the others stay. 400 with the option that is
    wrong; 404 unknown, or someone else's; 409 while the job has not ended; 410 when its file was removed.
    """
    earlier = _mine(job_id)
    if not STATES[earlier.state].is_final:
        headers = {"Retry-After": RETRY_AFTER}
        raise Refusal(409, f"{STATES[earlier.state].sentence} Ask again when it has ended.", headers=headers)
    if not has_file(earlier):
        raise Refusal(410, STATES[JobState.EXPIRED].sentence)
    try:
        options = JobOptions.from_json(earlier.options).with_changes(_given())
    except OptionsError as error:
        raise Refusal(400, str(error), more={"option": error.option}) from None
    again = start_again(earlier, options)
    answer = jsonify(id=again.id)
    answer.status_code = 202
    answer.headers.update({"Location": _address(again), "Retry-After": RETRY_AFTER})
    return answer


def _mine(job_id: str) -> Job:
    found = jobs.find(job_id, caller_id())
    if found is None:
        raise Refusal(404, "There is no such job.")
    return found


def _address(job: Job) -> str:
    return url_for("api_v1.job", job_id=job.id, _external=True)


def _links(job: Job) -> dict[str, str | None]:
    is_done = job.state is JobState.DONE
    return {
        "self": _address(job),
        "runs": url_for("api_v1.run_again", job_id=job.id, _external=True),
        "result": url_for("api_jobs.csv_task_result", job_id=job.id, _external=True) if is_done else None,
    }


def _given() -> dict[str, Any]:
    """The options in the body, none where there is none; numbers may come as numbers."""
    if request.form or request.files:
        return {**request.form.to_dict(), **dict.fromkeys(request.files, "a file")}
    if not request.is_json:
        if request.get_data():
            raise Refusal(400, "Send options as a JSON object or as form fields.")
        return {}
    try:
        body: Any = request.get_json(silent=True)
    except RecursionError:  # brackets within brackets within brackets
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "Send options as a JSON object or as form fields.")
    return {name: str(value) if type(value) is int else value for name, value in body.items()}
