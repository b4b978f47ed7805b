"""Calls that create jobs: from an uploaded file, in a form or as the body, or from the file of an earlier job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify

from store.accept_upload import AlreadySentError, KeyUsedError
from store.models import Job
from store.options import DEFAULTS, JobOptions, OptionsError
from store.states import STATES, JobState
from webapp.api import schemas
from webapp.api.answers import LIMIT_HEADERS, refuses
from webapp.api.bearer import caller_id
from webapp.api.v1.access import RETRY_AFTER, V1, own_job
from webapp.api.v1.bodies import RAW_TYPES, given_options, received
from webapp.api.v1.keys import KEY, request_key
from webapp.api.v1.serializers import job_address, job_whole
from webapp.api.v1.webhooks import FIELD, PARAMETER, SCHEMA, webhook_url, without_webhook
from webapp.errors.problems import Problem
from webapp.uploads.submit import has_file, start, start_again

api_v1_creating = V1("api_v1_creating", __name__, description="Uploads, and new runs of earlier files.")

_QUERY = [{"in": "query", "name": name, "schema": {"type": "string"}, "required": False} for name in DEFAULTS]
_FILE_NAME = {
    "in": "query",
    "name": "file_name",
    "schema": {"type": "string", "maxLength": 255},
    "description": "The name of the file, if the body is the file itself.",
    "example": "plays-2024-03.csv",
}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "The CSV; after all options."}}
    | {name: {"type": "string", "default": default} for name, default in DEFAULTS.items()}
    | {FIELD: SCHEMA},
}
_ACCEPTED: dict[str, Any] = {
    "description": "The queued job. A request with the same Idempotency-Key gets the same response.",
    "headers": {
        "Location": {"schema": {"type": "string"}, "description": "URL of the job."},
        "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait before getting the job."},
    },
}
_ACCEPTED_FILE = {**_ACCEPTED, "headers": {**_ACCEPTED["headers"], **LIMIT_HEADERS}}


@api_v1_creating.route("/jobs", methods=["POST"])
@api_v1_creating.doc(
    parameters=[KEY, _FILE_NAME, PARAMETER, *_QUERY],
    requestBody={
        "required": True,
        "content": {"multipart/form-data": {"schema": _FORM}}
        | {kind: {"schema": {"type": "string", "format": "binary"}} for kind in RAW_TYPES},
    },
)
@api_v1_creating.response(202, schemas.JobSchema, **_ACCEPTED_FILE)
@refuses(
    api_v1_creating,
    "bad-request",
    "wrong-option",
    "empty-file",
    "not-allowed",
    "already-sent",
    "too-large",
    "not-a-csv",
    "key-used",
    "too-many",
    "disk-full",
    "over-quota",
)
def create() -> Response:
    """Upload a file

    As `multipart/form-data` with a field `file` after the fields with options, or as the body itself with options in
    the query string. All options are optional. For very large files, use resumable uploads.
    """
    owner_id, key = caller_id(), request_key()
    with received(owner_id) as form:
        try:
            webhook, options = webhook_url(form.fields), JobOptions().with_changes(without_webhook(form.fields))
            job = start(owner_id, form, form.received[0], options, key, webhook)
        except OptionsError as error:
            raise wrong_option(error, form.fields) from None
        except KeyUsedError as error:
            return accepted(_same_request(error.job_id, form.received[0].sha256, options, webhook))
        except AlreadySentError as earlier:
            raise already_sent(earlier.job_id) from None
    return accepted(job)


@api_v1_creating.route("/jobs/<job_id>/runs", methods=["POST"])
@api_v1_creating.doc(
    parameters=[KEY],
    requestBody={
        "required": False,
        "content": {
            kind: {"schema": schemas.RunOptions, "example": {"date_style": "DD/MM/YYYY"}}
            for kind in ("application/json", "application/x-www-form-urlencoded")
        },
    },
)
@api_v1_creating.response(202, schemas.JobSchema, **_ACCEPTED)
@refuses(
    api_v1_creating,
    "bad-request",
    "wrong-option",
    "not-allowed",
    "not-ended",
    "expired",
    "key-used",
    "too-large",
    "over-quota",
    "too-many",
)
def run_again(job_id: str) -> Response:
    """Run a job's file again

    With other options, without uploading it again. Options that are not given stay as in this job; an empty value or
    null means that they are detected again. The new job has no webhook unless the request names one.
    """
    earlier, key = own_job(job_id), request_key()
    if not STATES[earlier.state].is_final:
        sentence = f"{STATES[earlier.state].sentence}. Ask again when it has ended."
        raise Problem("not-ended", sentence, headers={"Retry-After": RETRY_AFTER})
    if not has_file(earlier):
        raise Problem("expired", f"{STATES[JobState.EXPIRED].sentence}.")
    sha256, given = earlier.upload.sha256, given_options()
    webhook = webhook_url(given)
    try:
        options = JobOptions.from_json(earlier.options).with_changes(without_webhook(given))
        return accepted(start_again(earlier, options, key, webhook))
    except OptionsError as error:
        raise wrong_option(error, given) from None
    except KeyUsedError as error:
        return accepted(_same_request(error.job_id, sha256, options, webhook))


def accepted(job: Job) -> Response:
    """Return a 202 with the job, and its URL in Location."""
    answer = jsonify(job_whole(job))
    answer.status_code = 202
    answer.headers.update({"Location": job_address(job.id), "Retry-After": RETRY_AFTER})
    return answer


def wrong_option(error: OptionsError, given: Mapping[str, Any]) -> Problem:
    """Return Problem wrong-option."""
    value = str(given.get(error.option, ""))[:60]
    return Problem("wrong-option", str(error), errors=[{"option": error.option, "value": value, "reason": str(error)}])


def already_sent(job_id: str) -> Problem:
    """Return Problem already-sent, with the id of the earlier job."""
    detail = "You already uploaded this file. Use the job that is named here, or run it again with other options."
    return Problem("already-sent", detail, headers={"Location": job_address(job_id)}, more={"job": job_id})


def _same_request(job_id: str, sha256: str, options: JobOptions, webhook: str | None) -> Job:
    """Return the job of an idempotency key; raise Problem key-used if its file or options were different."""
    job = own_job(job_id)
    before = job.webhook.url if job.webhook else None
    if job.upload.sha256 != sha256 or job.options != options.to_json() or before != webhook:
        raise Problem("key-used", "This Idempotency-Key was used for another file or with other options.")
    return job
