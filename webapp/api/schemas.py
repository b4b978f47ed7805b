"""What calls take and give, in the form from which the OpenAPI document is made."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from common.option_words import BAD_ROWS, CORRECTIONS, DATE_STYLES, DELIMITERS, ENCODINGS, QUOTES, THOUSANDS
from processing.progress import Step
from store.jobs import SHOWN_BAD_ROWS
from store.options import DEFAULTS
from store.states import JobState
from store.webhooks import STATES_OF_WEBHOOKS

ID_EXAMPLE = "3f2b8c1d9e7a4f60b5d2c3e4f5a6b7c8"
_CHOICES = {
    "bad_rows": BAD_ROWS,
    "corrections": CORRECTIONS,
    "encoding": ENCODINGS,
    "quote": QUOTES,
    "thousands": THOUSANDS,
    "date_style": DATE_STYLES,
}
_OPTION_WORDS = {
    "bad_rows": "stop: a row that cannot be read fails the job; skip: such rows are left out and listed.",
    "encoding": "The text's encoding; empty: find it out.",
    "delimiter": f"What separates values: {', '.join(DELIMITERS)}, or one character; empty: find it out.",
    "quote": "What quotes values; empty: find it out.",
    "header_line": "The line that names the columns, from 1, or none; empty: find it out.",
    "date_style": "How dates are written; empty: find it out, and ask where the file leaves it open.",
    "thousands": "What groups the digits of large numbers; empty: find it out.",
    "song_column": "The name of the column of songs, or its number from 1; empty: find it out.",
    "date_column": "The same for dates.",
    "plays_column": "The same for plays.",
    "corrections": "refuse: negative plays are bad rows; allow: they are taken off.",
}


def _said(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    return {"description": description, **({} if example is None else {"example": example}), **more}


def _option(name: str) -> fields.String:
    words = tuple(dict.fromkeys((*_CHOICES.get(name, ()), DEFAULTS[name]))) if name in _CHOICES else ()
    more = {"enum": list(words)} if words else {}
    return fields.String(metadata=_said(_OPTION_WORDS[name], default=DEFAULTS[name], **more))


_OPTION_FIELDS: dict[str, fields.Field[Any]] = {name: _option(name) for name in DEFAULTS}
_WEBHOOK_URL = fields.String(
    metadata=_said("Told of the job's end by a signed POST; http or https.", "https://example.com/plays")
)
Options = Schema.from_dict(_OPTION_FIELDS, name="Options")
RunOptions = Schema.from_dict(_OPTION_FIELDS | {"webhook_url": _WEBHOOK_URL}, name="RunOptions")


class ErrorEntrySchema(Schema):
    """One thing that is wrong: at a place in the file, or with an option of the request."""

    line = fields.Integer(allow_none=True, metadata=_said("Physical line in the file, from 1.", 1204883))
    column = fields.String(allow_none=True, metadata=_said("Name of the column.", "Number of Plays"))
    value = fields.String(allow_none=True, metadata=_said("What stands there, shortened.", "12.5"))
    option = fields.String(allow_none=True, metadata=_said("Option or parameter of the request."))
    reason = fields.String(required=True, metadata=_said("What is wrong, in words.", "is not a whole number"))


class ProblemSchema(Schema):
    """A problem object (RFC 9457)."""

    type = fields.String(required=True, metadata=_said("Its kind; the address leads to its explanation."))
    title = fields.String(required=True, metadata=_said("The kind in words."))
    status = fields.Integer(required=True, metadata=_said("The HTTP status once more.", 409))
    detail = fields.String(required=True, metadata=_said("What happened this time."))
    instance = fields.String(required=True, metadata=_said("The path that was asked for."))
    errors = fields.List(
        fields.Nested(ErrorEntrySchema), required=True, metadata=_said("Each single thing that is wrong.")
    )
    job = fields.String(metadata=_said("The job of the same file, with already-sent.", ID_EXAMPLE))


class TotalsSchema(Schema):
    """The proof of a job: rows_read = rows_used + bad_rows, and as many plays out as in. Null: not known yet."""

    rows_read = fields.Integer(required=True, allow_none=True, metadata=_said("Rows of the file.", 30000000))
    rows_used = fields.Integer(required=True, allow_none=True, metadata=_said("Rows that were added up.", 29999988))
    bad_rows = fields.Integer(required=True, allow_none=True, metadata=_said("Rows that were left out.", 12))
    plays = fields.Integer(required=True, allow_none=True, metadata=_said("All plays, exact.", 14983596449))
    groups = fields.Integer(required=True, allow_none=True, metadata=_said("Different songs and days.", 24693301))


class BadRowSchema(Schema):
    """A row that could not be read."""

    line = fields.Integer(required=True, metadata=_said("Physical line in the file, from 1.", 17))
    column = fields.String(required=True, allow_none=True, metadata=_said("Name of the column.", "Date"))
    value = fields.String(required=True, allow_none=True, metadata=_said("What stands there, shortened.", ""))
    reason = fields.String(required=True, metadata=_said("Why it cannot be read.", "has no date"))


class JobLinksSchema(Schema):
    """Addresses that go on from a job; null where there is nothing to be had."""

    self = fields.String(required=True)
    file = fields.String(required=True, allow_none=True, metadata=_said("The file as it was sent."))
    parts = fields.String(required=True, allow_none=True, metadata=_said("The list of the parts."))
    zip = fields.String(required=True, allow_none=True, metadata=_said("All parts in one zip."))
    rejected = fields.String(required=True, allow_none=True, metadata=_said("All rows left out, as CSV."))
    result = fields.String(required=True, allow_none=True, metadata=_said("The result as older scripts know it."))
    runs = fields.String(required=True, allow_none=True, metadata=_said("POST: the same file once more."))
    cancel = fields.String(required=True, allow_none=True, metadata=_said("POST: end it."))


class JobSummarySchema(Schema):
    """A job in a list."""

    id = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    state = fields.String(
        required=True, validate=validate.OneOf([str(state) for state in JobState]), metadata=_said("Where it stands.")
    )
    is_final = fields.Boolean(required=True, metadata=_said("Whether nothing more will be computed."))
    step = fields.String(
        required=True,
        allow_none=True,
        metadata=_said("What it is doing, or did last.", "reading", enum=[*(str(step) for step in Step), None]),
    )
    percent = fields.Integer(required=True, metadata=_said("Whole percents; 100 once it is done.", 47))
    file_name = fields.String(required=True, metadata=_said("As the sender named it.", "plays-2024-03.csv"))
    file_bytes = fields.Integer(required=True, metadata=_said("Size of the file in bytes.", 1300000000))
    created_at = fields.String(required=True, metadata=_said("When it was sent, UTC.", "2026-11-25T14:02:11Z"))
    ended_at = fields.String(required=True, allow_none=True, metadata=_said("When it ended, UTC."))
    keep_until = fields.String(required=True, allow_none=True, metadata=_said("When its files are removed, UTC."))
    links = fields.Nested(JobLinksSchema, required=True)


class WebhookSchema(Schema):
    """The address that is told of a job's end, and how far that has come."""

    url = fields.String(required=True, metadata=_said("As the request named it.", "https://example.com/plays"))
    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES_OF_WEBHOOKS),
        metadata=_said("waiting: for the end of the job, or for the next try."),
    )
    tries = fields.Integer(required=True, metadata=_said("Tries begun so far.", 1))
    last_problem = fields.String(required=True, allow_none=True, metadata=_said("Why the last try failed, in words."))
    delivered_at = fields.String(required=True, allow_none=True, metadata=_said("When it arrived, UTC."))


class JobSchema(JobSummarySchema):
    """All about a job."""

    attempt = fields.Integer(required=True, metadata=_said("Which try this is, from 1.", 1))
    file_sha256 = fields.String(required=True, metadata=_said("sha256 of the file, 64 hex digits."))
    started_at = fields.String(required=True, allow_none=True, metadata=_said("When this attempt began, UTC."))
    rows_read = fields.Integer(required=True, metadata=_said("Rows read so far.", 14102334))
    rows_per_second = fields.Float(required=True, allow_none=True, metadata=_said("Rows a second.", 3100000.0))
    seconds_left = fields.Float(required=True, allow_none=True, metadata=_said("Estimated seconds to its end.", 6.0))
    options = fields.Nested(Options, required=True)
    detected = fields.Dict(required=True, allow_none=True, metadata=_said("What was found in the file; null: not yet."))
    totals = fields.Nested(TotalsSchema, required=True)
    rejected = fields.List(
        fields.Nested(BadRowSchema), required=True, metadata=_said(f"The first {SHOWN_BAD_ROWS} rows left out.")
    )
    error = fields.Dict(
        required=True,
        allow_none=True,
        metadata=_said("Why it failed: code, message, line, column, value, bad_rows, question; else null."),
    )
    webhook = fields.Nested(
        WebhookSchema, required=True, allow_none=True, metadata=_said("Null: the request named none.")
    )


class JobListSchema(Schema):
    """A page of jobs, newest first."""

    items = fields.List(fields.Nested(JobSummarySchema), required=True)
    next = fields.String(required=True, allow_none=True, metadata=_said("Address of the next page; null: the last."))


class ResumableUploadSchema(Schema):
    """An upload that arrives in pieces."""

    id = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    offset = fields.Integer(required=True, metadata=_said("Bytes that have arrived and are kept.", 104857600))
    length = fields.Integer(required=True, allow_none=True, metadata=_said("Bytes it will have; null: not yet said."))
    file_name = fields.String(required=True, metadata=_said("As the sender named it.", "plays-2024-03.csv"))
    expires_at = fields.String(
        required=True, allow_none=True, metadata=_said("When it is removed unless more comes, UTC; null: it has a job.")
    )
    job = fields.String(required=True, allow_none=True, metadata=_said("The job that came of it.", ID_EXAMPLE))


class PartLinksSchema(Schema):
    """Where the part is to be had."""

    download = fields.String(required=True)


class PartSchema(Schema):
    """One output file."""

    number = fields.Integer(required=True, metadata=_said("From 1.", 1))
    id = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    name = fields.String(required=True, metadata=_said("What a download is called.", "plays-2024-03-totals-00001.csv"))
    rows = fields.Integer(required=True, metadata=_said("Rows below its header.", 15204112))
    bytes = fields.Integer(required=True, metadata=_said("Its size.", 499999980))
    sha256 = fields.String(required=True, metadata=_said("64 hex digits."))
    media_type = fields.String(required=True, metadata=_said("What kind of file it is.", "text/csv"))
    links = fields.Nested(PartLinksSchema, required=True)


class PartListSchema(Schema):
    """All parts of a job, in order."""

    items = fields.List(fields.Nested(PartSchema), required=True)


class CredentialsSchema(Schema):
    """Who logs in."""

    username = fields.String(required=True, metadata=_said("Name of the account.", "anna"))
    password = fields.String(required=True, metadata=_said("Its password.", "correct horse"))


class TokensSchema(Schema):
    """What a login gives."""

    access = fields.String(required=True, metadata=_said("For Authorization: Bearer; lives an hour."))
    refresh = fields.String(required=True, metadata=_said("For the next access token; lives 30 days."))


class RefreshSchema(Schema):
    """A token that gives others."""

    refresh = fields.String(required=True, metadata=_said("The refresh token of a login."))


class AccessSchema(Schema):
    """Another access token."""

    access = fields.String(required=True, metadata=_said("For Authorization: Bearer; lives an hour."))


class AcceptedSchema(Schema):
    """The job of a file that was accepted."""

    uuid = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))


class OutputFileSchema(Schema):
    """A part, as older scripts know it."""

    uuid = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    output_file = fields.String(required=True, metadata=_said("Where to download it, with the same bearer."))


class ResultSchema(Schema):
    """What came of a job, as older scripts know it."""

    uuid = fields.String(required=True, metadata=_said("Of the job.", ID_EXAMPLE))
    input_file = fields.String(required=True, metadata=_said("Where to download the file as it was sent."))
    output_files = fields.List(fields.Nested(OutputFileSchema), required=True, metadata=_said("All parts, in order."))
    initial_input_file_name = fields.String(required=True, metadata=_said("As sent.", "plays-2024-03.csv"))


class OlderRefusalSchema(Schema):
    """How the calls of older scripts say no."""

    message = fields.String(required=True, metadata=_said("For people."))
    type = fields.String(required=True, metadata=_said("For scripts.", "NotFoundException"))


class OlderConflictSchema(OlderRefusalSchema):
    """The same file again."""

    uuid = fields.String(required=True, metadata=_said("The job of the first time.", ID_EXAMPLE))


class OlderReasonSchema(Schema):
    """Why there is no result."""

    error = fields.String(required=True, metadata=_said("In a sentence."))


class OlderFailureSchema(OlderRefusalSchema):
    """A job that failed or was cancelled."""

    extra = fields.Nested(OlderReasonSchema, required=True)
