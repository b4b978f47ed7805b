"""Request bodies: a multipart form with a file, a body that is the file itself, or options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from processing.errors import RefusedError
from processing.file_types import refuse_other_kinds
from store.options import JobOptions, OptionsError
from webapp.api.v1.webhooks import webhook_url, without_webhook
from webapp.errors.problems import Problem
from webapp.uploads.multipart import ReceivedForm
from webapp.uploads.submit import received_body, received_form

FORM = "multipart/form-data"
CSV_TYPES = ("text/csv", "application/csv", "text/plain", "text/tab-separated-values", "application/vnd.ms-excel")
PACKED_TYPES = (
    "application/gzip",
    "application/x-gzip",
    "application/zip",
    "application/x-bzip2",
    "application/x-xz",
    "application/zstd",
)
RAW_TYPES = (*CSV_TYPES, *PACKED_TYPES, "application/octet-stream")
_KINDS_ONLY = "Upload text/csv, or one of its compressed forms, or multipart/form-data with a field named file."
_FORM_BY_MISTAKE = f"{_KINDS_ONLY} With curl: --data-binary @plays.csv -H 'Content-Type: text/csv'"
NOT_OPTIONS = "Give options as a JSON object or as form fields."


@contextmanager
def received(owner_id: int) -> Iterator[ReceivedForm]:
    """Receive the file of this request into incoming/, with its options as fields.

    Raises:
        Problem: wrong-option, not-a-csv or empty-file.
        BadRequest: not exactly one file.
    """
    in_address = {name: value for name, value in request.args.items() if name != "file_name"}
    kind = request.mimetype
    if kind == FORM:
        arriving = received_form(owner_id, lambda fields: refuse_wrong({**in_address, **fields}), refuse_others)
    elif kind in RAW_TYPES or not kind:
        refuse_wrong(in_address)
        arriving = received_body(owner_id, request.args.get("file_name", ""), refuse_others)
    else:
        raise Problem("not-a-csv", _FORM_BY_MISTAKE if kind == "application/x-www-form-urlencoded" else _KINDS_ONLY)
    with arriving as form:
        form.fields.update({name: value for name, value in in_address.items() if name not in form.fields})
        if len(form.received) != 1:
            raise BadRequest("Upload one file per request, in a field named file.")
        if form.received[0].bytes == 0:
            raise Problem("empty-file", "The file is empty.")
        yield form


def given_options() -> dict[str, Any]:
    """Return the options in the body, none if it is empty; integers become strings. Raise BadRequest if malformed."""
    if request.form or request.files:
        return {**request.form.to_dict(), **dict.fromkeys(request.files, "a file")}
    if not request.is_json:
        if request.get_data():
            raise BadRequest(NOT_OPTIONS)
        return {}
    try:
        body: Any = request.get_json(silent=True)
    except RecursionError:  # too deeply nested
        body = None
    if not isinstance(body, dict):
        raise BadRequest(NOT_OPTIONS)
    return {name: str(value) if type(value) is int else value for name, value in body.items()}


def refuse_wrong(fields: Mapping[str, str]) -> None:
    """Raise Problem wrong-option if a field is invalid; called before a byte of the file is written."""
    webhook_url(fields)
    try:
        JobOptions().with_changes(without_webhook(fields))
    except OptionsError as error:
        value = fields.get(error.option, "")[:60]
        wrong = {"option": error.option, "value": value, "reason": str(error)}
        raise Problem("wrong-option", str(error), errors=[wrong]) from None


def refuse_others(start: bytes) -> None:
    """Raise Problem not-a-csv if the first bytes are those of a workbook, a picture or another file type."""
    try:
        refuse_other_kinds(start)
    except RefusedError as error:
        raise Problem("not-a-csv", error.message) from None
