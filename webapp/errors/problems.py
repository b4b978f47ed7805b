"""Problem types of the newer API: one table for the responses, the OpenAPI document and the help page.

Responses are problem objects (RFC 9457). The URI of a type never changes, and leads to its entry on the help page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, json, request, url_for

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: its HTTP status, title and advice."""

    status: int
    title: str  # the same in every response
    advice: str  # what it means and what to do, for the help page


PROBLEM_TYPES: dict[str, ProblemType] = {
    "bad-request": ProblemType(400, "Invalid request", "detail says what is missing or wrong."),
    "wrong-option": ProblemType(
        400, "Invalid option", "errors names the option, its value and the values that are allowed."
    ),
    "empty-file": ProblemType(400, "The file is empty", "Upload a file with rows in it."),
    "not-signed-in": ProblemType(
        401,
        "Missing or invalid token",
        "Use the header Authorization: Bearer TOKEN, with a token from the account page or from /api/login/.",
    ),
    "not-allowed": ProblemType(
        403,
        "Insufficient scope",
        "The token has only the scope read. Create one with the scope write on the account page.",
    ),
    "not-found": ProblemType(
        404,
        "Not found",
        "It never existed, was deleted, or belongs to another account; the response does not say which.",
    ),
    "no-such-method": ProblemType(405, "Method not allowed", "The header Allow lists the allowed methods."),
    "already-sent": ProblemType(
        409,
        "Duplicate file",
        "This account already uploaded this file, and job is the id of the earlier job, which is waiting, running or "
        "done. Use that job, or run it again with other options. "
        "A request with the same Idempotency-Key gets the first response again instead.",
    ),
    "wrong-offset": ProblemType(
        409,
        "Wrong upload offset",
        "Resume from the offset in the header Upload-Offset of this response, or ask for it with HEAD.",
    ),
    "not-ended": ProblemType(
        409, "The job has not ended", "Get the job with ?wait=30 until is_final is true, then try again."
    ),
    "expired": ProblemType(
        410, "The files were removed", "Files are removed on the date keep_until of their job; the job itself stays."
    ),
    "tus-version": ProblemType(
        412, "Unsupported tus version", "The header Tus-Version lists the versions that are supported."
    ),
    "too-large": ProblemType(413, "The file is too large", "It exceeds this site's limit for one file."),
    "not-a-csv": ProblemType(
        415,
        "This is not a CSV",
        "Upload a CSV, plain or compressed with gzip, bzip2, xz, zstd or zip, under a media type that says so, such as "
        "text/csv or application/octet-stream. detail says what was found.",
    ),
    "not-a-piece": ProblemType(
        415,
        "Wrong content type for an upload",
        "Upload the next bytes of the file with the header Content-Type: application/offset+octet-stream.",
    ),
    "outside-the-file": ProblemType(
        416, "Range not satisfiable", "The range lies outside the file, whose size is in the header Content-Range."
    ),
    "job-failed": ProblemType(
        422,
        "The job has no result",
        "It failed or was cancelled. errors says where and why; POST to links.runs to run it again with other options.",
    ),
    "key-used": ProblemType(
        422,
        "Idempotency-Key already used",
        "A key belongs to one file with one set of options. Use a new key for a new request.",
    ),
    "upload-busy": ProblemType(
        423,
        "The upload is locked",
        "Another request is adding to it, and only one at a time may. Ask for its offset with HEAD, then resume.",
    ),
    "too-many": ProblemType(429, "Too many requests", "Wait for the number of seconds in Retry-After."),
    "wrong-checksum": ProblemType(
        460,
        "Checksum mismatch",
        "The piece was damaged in transit, so none of its bytes were kept. Upload it again.",
    ),
    "internal": ProblemType(500, "Internal error", "The error was logged. Please try again in a moment."),
    "unavailable": ProblemType(503, "Playtally is unavailable for a moment", "Please try again in a few minutes."),
    "disk-full": ProblemType(507, "There is no space for the file", "Please tell your administrator."),
    "over-quota": ProblemType(
        507, "The file would take the account over its limit", "Delete jobs you no longer need, then try again."
    ),
}
# The problem type of an error that has no more than a status.
_OF_STATUS = {
    400: "bad-request",
    401: "not-signed-in",
    403: "not-allowed",
    404: "not-found",
    405: "no-such-method",
    410: "expired",
    413: "too-large",
    415: "not-a-csv",
    416: "outside-the-file",
    429: "too-many",
    503: "unavailable",
    507: "disk-full",
}


class Problem(Exception):  # noqa: N818 - an answer, not a fault
    """An error that ends a call of the newer API; ``more`` are extension members of the problem object."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = [error_entry(**error) for error in errors]
        self.headers = headers or {}
        self.more = more or {}


def error_entry(
    reason: str,
    *,
    line: int | None = None,
    column: str | None = None,
    value: str | None = None,
    option: str | None = None,
) -> dict[str, Any]:
    """Return an entry of ``errors``: a place in the file, or an option of the request, and what is wrong with it."""
    return {"line": line, "column": column, "value": value, "option": option, "reason": reason}


def kind_of_status(status: int) -> str:
    """Return the problem type for a status if nothing more specific is known."""
    return _OF_STATUS.get(status, "internal" if status >= 500 else "bad-request")


def init_app(app: Flask) -> None:
    """Register the handler of problems."""
    app.register_error_handler(Problem, answer)


def answer(problem: Problem) -> Response:
    """Return the response with the problem object."""
    kind = PROBLEM_TYPES[problem.kind]
    body = {
        "type": url_for("help.problems", _anchor=problem.kind, _external=True),
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "instance": request.path,
        "errors": problem.errors,
        **problem.more,
    }
    response = Response(json.dumps(body), status=kind.status, content_type=PROBLEM_JSON)
    response.headers.update(problem.headers)
    return response
