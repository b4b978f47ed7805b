"""Error handlers: pages for people, JSON for scripts. Neither ever shows a path, an SQL statement or a traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, g, jsonify, render_template, request
from flask import Response as FlaskResponse
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, ServiceUnavailable
from werkzeug.wrappers import Response

from store import quota
from store.jobs import UploadGoneError
from store.quota import OverQuotaError, RunOverQuotaError
from webapp import formatting
from webapp.app_context import resources
from webapp.errors import problems
from webapp.errors.problems import Problem
from webapp.security.sessions import visitor

_log = logging.getLogger(__name__)

SENTENCES = {
    400: "Something was missing. Reload and try again.",
    401: "You've been signed out. Sign in to carry on.",
    403: "This page is for administrators.",
    404: "We can't find that page. It may have been deleted, or it isn't shared with you.",
    405: "That isn't possible here.",
    413: "That is larger than this site accepts.",
    416: "That range lies outside the file.",
    500: "Something went wrong on our side and was logged. Please try again.",
    503: "Playtally is unavailable for a moment. Please try again in a few minutes.",
    507: "We're out of space. Please tell your administrator.",
}
UPLOADS = (  # the views that take files
    "upload.send",
    "api_jobs.process_file",
    "api_v1_creating.create",
    "api_v1_uploads.create",
    "api_v1_uploads.append",
)
FORGED = "Your session ended. Sign in and try again."


class InsufficientStorage(HTTPException):
    """507: the data volume is full."""

    code = 507
    description: str = SENTENCES[507]


class OverQuota(InsufficientStorage):
    """507: the account would exceed its quota."""

    description = (
        "This file would take you over your limit ({used} of {limit} used). "
        "Delete files you no longer need, then try again."
    )
    of_a_run = "You have no space left ({used} of {limit} used). Delete files you no longer need, then run this again."


def init_app(app: Flask) -> None:
    """Register the handlers, which answer every error with a sentence, as a page or as JSON."""
    app.register_error_handler(HTTPException, _answer)
    app.after_request(_note_refused_upload)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(UploadGoneError, lambda _error: show(NotFound()))
    app.register_error_handler(OverQuotaError, lambda _error: _answer(OverQuota()))
    app.register_error_handler(RunOverQuotaError, lambda _error: _answer(OverQuota(OverQuota.of_a_run)))


def _database_away(error: OperationalError) -> Response | tuple[Response | str, int]:
    # The driver's error instead of SQLAlchemy's, whose message contains the statement.
    driver_error = error.orig or error
    exc_info = (type(driver_error), driver_error, error.__traceback__)
    _log.error("database error at %s %s: 503, %s", request.method, request.path, driver_error, exc_info=exc_info)
    return show(ServiceUnavailable())


def _answer(error: HTTPException) -> Response | tuple[Response | str, int]:
    # Flask has already logged an uncaught exception.
    is_noted = isinstance(error, InternalServerError) and error.original_exception is not None
    if isinstance(error, OverQuota):
        _log.info("quota exceeded at %s %s: 507", request.method, request.path)
    elif isinstance(error, InsufficientStorage):
        _log.error("disk full at %s %s: 507", request.method, request.path)
    elif (error.code or 0) >= 500 and not is_noted:
        _log.error("server error at %s %s: %d", request.method, request.path, error.code, exc_info=error)
    return show(error)


def _note_refused_upload(response: FlaskResponse) -> FlaskResponse:
    code = response.status_code
    if request.endpoint in UPLOADS and code >= 400 and code != 409:  # submit logs that one, with its job
        _log.info("upload refused: %d", code, extra={"code": code})
    return response


def type_name(code: int) -> str:
    """Return the name of an error in the older API, such as TooEarlyException for 425."""
    return HTTPStatus(code).phrase.replace(" ", "").replace("-", "") + "Exception"


def show(error: HTTPException) -> Response | tuple[Response | str, int]:
    """Return the response to an error: a problem object, JSON or a page, depending on the request."""
    code = error.code or 500
    if error.response is not None or code < 400:
        return error.get_response()  # for example a redirect to the path with a trailing slash
    sentence = _sentence(error, code)
    if request.path.startswith("/api/v1/"):
        answer: Response = problems.answer(_problem(error, code, sentence))
    elif wants_json():
        answer = jsonify(message=sentence, type=type_name(code))
    else:
        over_quota = isinstance(error, OverQuota)
        # After a fault of ours, the page must not need the database for its menu.
        bare = code >= 500 and not over_quota
        page = render_template("error.html", code=code, sentence=sentence, bare=bare, over_quota=over_quota)
        answer = Response(page)
        answer.content_type = "text/html; charset=utf-8"
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            answer.headers.set(name, value)
    if "HX-Request" in request.headers and code < 500:
        # Never swap an error into a page: reload it. After a fault of ours the polling script retries by itself.
        answer.headers["HX-Refresh"] = "true"
    answer.status_code = code
    return answer


def _problem(error: HTTPException, code: int, sentence: str) -> Problem:
    """Return the error as a problem; ``error.data`` holds the messages of webargs about wrong parameters."""
    kind = "over-quota" if isinstance(error, OverQuota) else problems.kind_of_status(code)
    messages = (getattr(error, "data", None) or {}).get("messages") or {}
    wrong = [(name, text) for fields in messages.values() for name, texts in fields.items() for text in _texts(texts)]
    if not wrong:
        return Problem(kind, sentence)
    errors = [{"option": str(name), "reason": text} for name, text in wrong]
    return Problem(kind, " ".join(f"{name}: {text}" for name, text in wrong), errors=errors)


def _texts(found: object) -> list[str]:
    """Return all messages in a list of messages, or in a dict of such lists."""
    if isinstance(found, dict):
        return [text for inner in found.values() for text in _texts(inner)]
    return [str(text) for text in found] if isinstance(found, list) else [str(found)]


def _sentence(error: HTTPException, code: int) -> str:
    """Return the description that a view gave, else the sentence in the table."""
    if isinstance(error, CSRFError):
        return FORGED
    if isinstance(error, OverQuota):
        return (error.description or "").format_map(_kept())
    if isinstance(error, InsufficientStorage):
        return error.description
    if code in (400, 401, 403, 404, 415, 429) and error.description and error.description != type(error).description:
        return error.description
    return SENTENCES.get(code) or type(error).description or HTTPStatus(code).phrase


def _kept() -> dict[str, str]:
    """Return how much of its quota the account of this request has used, uploads under way included."""
    most = resources().settings.quota_bytes or 0
    used = quota.used_bytes(g.get("caller_id") or visitor().account_id)  # a script's, or the visitor's
    return {"used": formatting.size(used), "limit": formatting.size(most)}


def wants_json() -> bool:
    """Return whether the client is a script, our own on the pages included."""
    return (
        request.path == "/api"
        or request.path.startswith("/api/")
        or request.accept_mimetypes.best == "application/json"
    )
