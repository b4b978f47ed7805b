"""What can go wrong in a call of the newer API: one table, read by the answers, the document and the help page.

The answers are problem objects of RFC 9457. A kind's address never changes, and leads to its words on the help page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, json, request, url_for

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One way in which a call fails."""

    status: int
    title: str  # the same in every answer
    advice: str  # what it means and what to do, for the help page


PROBLEM_TYPES: dict[str, ProblemType] = {
    "bad-request": ProblemType(400, "The request is not as it should be", "The detail says what is missing or wrong."),
    "wrong-option": ProblemType(
        400, "An option has a value that it cannot have", "errors names the option, what was sent and what it may be."
    ),
    "empty-file": ProblemType(400, "The file is empty", "Send a file that has rows in it."),
    "not-signed-in": ProblemType(
        401,
        "No valid token",
        "Send Authorization: Bearer TOKEN, with a token from the account page or from /api/login/.",
    ),
    "not-allowed": ProblemType(
        403,
        "The token may not do this",
        "It has the scope read only. Make one with the scope write on the account page.",
    ),
    "not-found": ProblemType(
        404, "There is nothing here", "It was never there, was deleted, or belongs to another account; all look alike."
    ),
    "no-such-method": ProblemType(405, "That cannot be done at this address", "The header Allow names what can."),
    "already-sent": ProblemType(
        409,
        "This account sent the same file before",
        "job names the job of that time, which waits, works or is done. Ask for it, or run it again otherwise. "
        "A call with the same Idempotency-Key is answered like the first one instead.",
    ),
    "wrong-offset": ProblemType(
        409,
        "The upload has not come that far, or further",
        "Ask with HEAD how far it has come, and go on from there. Upload-Offset says it, too.",
    ),
    "not-ended": ProblemType(
        409, "The job has not ended", "Ask for the job with ?wait=30, and again once its state is final."
    ),
    "expired": ProblemType(
        410, "The files were removed", "Files go on the date keep_until of their job; the record stays."
    ),
    "tus-version": ProblemType(
        412, "Another version of tus is spoken here", "The header Tus-Version names those that are."
    ),
    "too-large": ProblemType(413, "The file is too large", "This site has a limit for one file."),
    "not-a-csv": ProblemType(
        415,
        "This is not a CSV",
        "Send a CSV, plain or compressed with gzip, bzip2, xz, zstd or zip, under a media type that says so, such as "
        "text/csv or application/octet-stream. The detail says what was found.",
    ),
    "not-a-piece": ProblemType(
        415,
        "The body is not a piece of a file",
        "Send the next bytes of the file with the header Content-Type: application/offset+octet-stream.",
    ),
    "outside-the-file": ProblemType(
        416, "That range lies outside the file", "The header Content-Range has the file's size."
    ),
    "job-failed": ProblemType(
        422,
        "The job has no totals",
        "It failed or was cancelled. errors says where and why; POST to links.runs runs it again with other options.",
    ),
    "key-used": ProblemType(
        422,
        "The Idempotency-Key was used for something else",
        "A key stands for one file with one set of options. Take a new key for a new request.",
    ),
    "upload-busy": ProblemType(
        423,
        "Another request is sending this upload",
        "One request at a time may add to an upload. Ask with HEAD in a moment, and go on from there.",
    ),
    "too-many": ProblemType(429, "Too many requests", "Wait as many seconds as Retry-After says."),
    "wrong-checksum": ProblemType(
        460,
        "The piece was damaged on its way",
        "Its bytes do not come to the checksum that was sent with it, so none of them were kept. Send the piece again.",
    ),
    "internal": ProblemType(500, "Something went wrong on our side", "It was noted. Please try again in a moment."),
    "unavailable": ProblemType(503, "The database cannot be reached", "Please try again in a few minutes."),
    "disk-full": ProblemType(507, "There is no room for the file", "Please tell the people who run this site."),
    "over-quota": ProblemType(507, "The account would keep more than it may", "Delete jobs that are no longer needed."),
}
# What is said where nobody said more than a status.
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
    """Ends a call of the newer API with this problem; ``more`` are further members of the object."""

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
    """One of ``errors``: a place in the file, or an option of the request, and what is wrong with it."""
    return {"line": line, "column": column, "value": value, "option": option, "reason": reason}


def kind_of_status(status: int) -> str:
    """The kind for a status where nothing more is known."""
    return _OF_STATUS.get(status, "internal" if status >= 500 else "bad-request")


def init_app(app: Flask) -> None:
    """Answer problems wherever they are raised."""
    app.register_error_handler(Problem, answer)


def answer(problem: Problem) -> Response:
    """The problem object of RFC 9457."""
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
