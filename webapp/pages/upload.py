"""The upload page, which is the home page of a signed-in visitor."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response

from store import quota
from store.accept_upload import AlreadySentError, Received
from store.options import JobOptions, OptionsError
from webapp.app_context import resources
from webapp.errors.handlers import wants_json
from webapp.security.csrf import check, csrf
from webapp.security.sessions import visitor
from webapp.uploads.multipart import ReceivedForm
from webapp.uploads.submit import chosen_options, received_form, start

pages = Blueprint("upload", __name__)
NO_FILE = "Choose a file first."
EMPTY = "{name} is empty. Choose a file with rows in it."
NO_CHOICE = "Choose what to do with rows that can't be read."


@pages.get("/")
def form() -> str:
    """Show the form."""
    return _page(None)


@pages.post("/")
def send() -> Response | tuple[str | Response, int]:
    """Receive one or more files and start a job for each; the CSRF token is checked before a byte is written."""
    owner_id = visitor().account_id
    with received_form(owner_id, check) as arrived:
        if problem := _problem(arrived):
            return (jsonify(message=problem) if wants_json() else _page(problem)), 400
        options = chosen_options(arrived.fields)
        addresses = [_started(owner_id, arrived, one, options) for one in arrived.received]
    address = addresses[0] if len(addresses) == 1 else url_for("jobs.mine")
    return jsonify(address=address) if wants_json() else redirect(address, code=303)


csrf.exempt(send)  # Flask-WTF would read the whole body to find the token; received_form checks it instead


def _page(problem: str | None) -> str:
    settings = resources().settings
    return render_template(
        "upload/new.html",
        problem=problem,
        max_bytes=settings.max_upload_bytes,
        quota=settings.quota_bytes,
        used=quota.used_bytes(visitor().account_id) if settings.quota_bytes else 0,
    )


def _problem(arrived: ReceivedForm) -> str | None:
    """Return the sentence that says why these files cannot be started, or None."""
    if not arrived.received:
        return NO_FILE
    for one in arrived.received:
        if one.bytes == 0:
            return EMPTY.format(name=one.name)
    try:
        chosen_options(arrived.fields)
    except OptionsError as error:
        return NO_CHOICE if error.option == "bad_rows" else str(error)
    return None


def _started(owner_id: int, arrived: ReceivedForm, received: Received, options: JobOptions) -> str:
    """Return the URL of the file's job: a new one, or the earlier one of a duplicate file."""
    try:
        return url_for("jobs.show", job_id=start(owner_id, arrived, received, options).id)
    except AlreadySentError as earlier:
        return url_for("jobs.show", job_id=earlier.job_id, sent="before")
