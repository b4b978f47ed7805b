"""Schemas of requests and responses, from which the OpenAPI document is generated."""

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
    "bad_rows": "stop: a row that cannot be read fails the job; skip: such rows are skipped and listed.",
    "encoding": "The encoding of the text; empty: detect it.",
    "delimiter": f"The delimiter between values: {', '.join(DELIMITERS)}, or any one character; empty: detect it.",
    "quote": "The quote character around values; empty: detect it.",
    "header_line": "The number of the header line, from 1, or none; empty: detect it.",
    "date_style": "The format of dates; empty: detect it, and fail with a question if the file is ambiguous.",
    "thousands": "The thousands separator; empty: detect it.",
    "song_column": "The name of the song column, or its number from 1; empty: detect it.",
    "date_column": "The name of the date column, or its number from 1; empty: detect it.",
    "plays_column": "The name of the plays column, or its number from 1; empty: detect it.",
    "corrections": "refuse: rows with negative plays are bad rows; allow: negative plays are subtracted.",
}


def _said(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    return {"description": description, **({} if example is None else {"example": example}), **more}


def _option(name: str) -> fields.String:
    words = tuple(dict.fromkeys((*_CHOICES.get(name, ()), DEFAULTS[name]))) if name in _CHOICES else ()
    more = {"enum": list(words)} if words else {}
    return fields.String(metadata=_said(_OPTION_WORDS[name], default=DEFAULTS[name], **more))


_OPTION_FIELDS: dict[str, fields.Field[Any]] = {name: _option(name) for name in DEFAULTS}
_WEBHOOK_URL = fields.String(
    metadata=_said("URL that gets a signed POST when the job has ended; http or https.", "https://example.com/plays")
)
Options = Schema.from_dict(_OPTION_FIELDS, name="Options")
RunOptions = Schema.from_dict(_OPTION_FIELDS | {"webhook_url": _WEBHOOK_URL}, name="RunOptions")


class ErrorEntrySchema(Schema):
    """One thing that is wrong: at a place in the file, or with an option of the request."""

    line = fields.Integer(allow_none=True, metadata=_said("Physical line in the file, from 1.", 1204883))
    column = fields.String(allow_none=True, metadata=_said("Name of the column.", "Number of Plays"))
    value = fields.String(allow_none=True, metadata=_said("The value found there, shortened.", "12.5"))
    option = fields.String(allow_none=True, metadata=_said("Option or parameter of the request."))
    reason = fields.String(required=True, metadata=_said("What is wrong, in words.", "is not a whole number"))


class ProblemSchema(Schema):
    """A problem object (RFC 9457)."""

    type = fields.String(required=True, metadata=_said("URI of the problem type, which leads to its explanation."))
    title = fields.String(required=True, metadata=_said("Title of the problem type."))
    status = fields.Integer(required=True, metadata=_said("The HTTP status code.", 409))
    detail = fields.String(required=True, metadata=_said("What is wrong with this request."))
    instance = fields.String(required=True, metadata=_said("The path of the request."))
    errors = fields.List(fields.Nested(ErrorEntrySchema), required=True, metadata=_said("Everything that is wrong."))
    job = fields.String(metadata=_said("Id of the job of the same file; only with already-sent.", ID_EXAMPLE))


class TotalsSchema(Schema):
    """Control totals of a job: rows_read = rows_used + bad_rows, and plays went in and came out. Null: unknown yet."""

    rows_read = fields.Integer(required=True, allow_none=True, metadata=_said("Rows in the file.", 30000000))
    rows_used = fields.Integer(required=True, allow_none=True, metadata=_said("Rows that were totalled.", 29999988))
    bad_rows = fields.Integer(required=True, allow_none=True, metadata=_said("Rows that were skipped.", 12))
    plays = fields.Integer(required=True, allow_none=True, metadata=_said("Sum of all plays, exact.", 14983596449))
    groups = fields.Integer(required=True, allow_none=True, metadata=_said("Distinct pairs of song and day.", 24693301))


class BadRowSchema(Schema):
    """A row that could not be read."""

    line = fields.Integer(required=True, metadata=_said("Physical line in the file, from 1.", 17))
    column = fields.String(required=True, allow_none=True, metadata=_said("Name of the column.", "Date"))
    value = fields.String(required=True, allow_none=True, metadata=_said("The value found there, shortened.", ""))
    reason = fields.String(required=True, metadata=_said("Why it cannot be read.", "The date is missing"))


class JobLinksSchema(Schema):
    """URLs of what belongs to a job; null if not available."""

    self = fields.String(required=True)
    file = fields.String(required=True, allow_none=True, metadata=_said("The file as uploaded."))
    parts = fields.String(required=True, allow_none=True, metadata=_said("The list of parts."))
    zip = fields.String(required=True, allow_none=True, metadata=_said("All parts in one zip."))
    rejected = fields.String(required=True, allow_none=True, metadata=_said("All skipped rows, as CSV."))
    result = fields.String(required=True, allow_none=True, metadata=_said("The result in the form of the older call."))
    runs = fields.String(required=True, allow_none=True, metadata=_said("POST: run the same file again."))
    cancel = fields.String(required=True, allow_none=True, metadata=_said("POST: cancel the job."))


class JobSummarySchema(Schema):
    """A job in a list."""

    id = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    state = fields.String(
        required=True, validate=validate.OneOf([str(state) for state in JobState]), metadata=_said("State of the job.")
    )
    is_final = fields.Boolean(required=True, metadata=_said("Whether the job has ended."))
    step = fields.String(
        required=True,
        allow_none=True,
        metadata=_said("Current or last step.", "reading", enum=[*(str(step) for step in Step), None]),
    )
    percent = fields.Integer(required=True, metadata=_said("Progress from 0 to 100; 100 once it is done.", 47))
    file_name = fields.String(required=True, metadata=_said("File name given by the client.", "plays-2024-03.csv"))
    file_bytes = fields.Integer(required=True, metadata=_said("Size of the file in bytes.", 1300000000))
    created_at = fields.String(required=True, metadata=_said("When it was created, UTC.", "2026-11-25T14:02:11Z"))
    ended_at = fields.String(required=True, allow_none=True, metadata=_said("When it ended, UTC."))
    keep_until = fields.String(required=True, allow_none=True, metadata=_said("When its files are removed, UTC."))
    links = fields.Nested(JobLinksSchema, required=True)


class WebhookSchema(Schema):
    """The webhook of a job, and the state of its delivery."""

    url = fields.String(required=True, metadata=_said("URL given in the request.", "https://example.com/plays"))
    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES_OF_WEBHOOKS),
        metadata=_said("State of the delivery; waiting: for the end of the job, or for the next attempt."),
    )
    tries = fields.Integer(required=True, metadata=_said("Delivery attempts so far.", 1))
    last_problem = fields.String(required=True, allow_none=True, metadata=_said("Why the last attempt failed."))
    delivered_at = fields.String(required=True, allow_none=True, metadata=_said("When it was delivered, UTC."))


class JobSchema(JobSummarySchema):
    """A job with all its details."""

    attempt = fields.Integer(required=True, metadata=_said("Number of the current attempt, from 1.", 1))
    file_sha256 = fields.String(required=True, metadata=_said("sha256 of the file, 64 hex digits."))
    started_at = fields.String(required=True, allow_none=True, metadata=_said("When this attempt began, UTC."))
    rows_read = fields.Integer(required=True, metadata=_said("Rows read so far.", 14102334))
    rows_per_second = fields.Float(required=True, allow_none=True, metadata=_said("Rows per second.", 3100000.0))
    seconds_left = fields.Float(required=True, allow_none=True, metadata=_said("Estimated seconds left.", 6.0))
    options = fields.Nested(Options, required=True)
    detected = fields.Dict(required=True, allow_none=True, metadata=_said("The detected format; null: not yet."))
    totals = fields.Nested(TotalsSchema, required=True)
    rejected = fields.List(
        fields.Nested(BadRowSchema), required=True, metadata=_said(f"The first {SHOWN_BAD_ROWS} skipped rows.")
    )
    error = fields.Dict(
        required=True,
        allow_none=True,
        metadata=_said("Why it failed: code, message, line, column, value, bad_rows, question; else null."),
    )
    webhook = fields.Nested(
        WebhookSchema, required=True, allow_none=True, metadata=_said("Null if the request named none.")
    )


class JobListSchema(Schema):
    """A page of jobs, newest first."""

    items = fields.List(fields.Nested(JobSummarySchema), required=True)
    next = fields.String(required=True, allow_none=True, metadata=_said("URL of the next page; null on the last."))


class ResumableUploadSchema(Schema):
    """A resumable upload."""

    id = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    offset = fields.Integer(required=True, metadata=_said("Bytes that have arrived and are kept.", 104857600))
    length = fields.Integer(
        required=True, allow_none=True, metadata=_said("Length of the file in bytes; null: unknown yet.")
    )
    file_name = fields.String(required=True, metadata=_said("File name given by the client.", "plays-2024-03.csv"))
    expires_at = fields.String(
        required=True, allow_none=True, metadata=_said("When it expires unless more arrives, UTC; null: it has a job.")
    )
    job = fields.String(
        required=True, allow_none=True, metadata=_said("Id of its job, once it is complete.", ID_EXAMPLE)
    )


class PartLinksSchema(Schema):
    """URLs of a part."""

    download = fields.String(required=True)


class PartSchema(Schema):
    """One output file."""

    number = fields.Integer(required=True, metadata=_said("Number of the part, from 1.", 1))
    id = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    name = fields.String(required=True, metadata=_said("File name of the download.", "plays-2024-03-totals-00001.csv"))
    rows = fields.Integer(required=True, metadata=_said("Rows after the header.", 15204112))
    bytes = fields.Integer(required=True, metadata=_said("Size in bytes.", 499999980))
    sha256 = fields.String(required=True, metadata=_said("64 hex digits."))
    media_type = fields.String(required=True, metadata=_said("What kind of file it is.", "text/csv"))
    links = fields.Nested(PartLinksSchema, required=True)


class PartListSchema(Schema):
    """All parts of a job, in order."""

    items = fields.List(fields.Nested(PartSchema), required=True)


class CredentialsSchema(Schema):
    """The credentials of a login."""

    username = fields.String(required=True, metadata=_said("Name of the account.", "anna"))
    password = fields.String(required=True, metadata=_said("Its password.", "correct horse"))


class TokensSchema(Schema):
    """The tokens of a login."""

    access = fields.String(required=True, metadata=_said("For Authorization: Bearer; valid for an hour."))
    refresh = fields.String(required=True, metadata=_said("For new access tokens; valid for 30 days."))


class RefreshSchema(Schema):
    """A refresh token."""

    refresh = fields.String(required=True, metadata=_said("The refresh token of a login."))


class AccessSchema(Schema):
    """A new access token."""

    access = fields.String(required=True, metadata=_said("For Authorization: Bearer; valid for an hour."))


class AcceptedSchema(Schema):
    """The job of an accepted file."""

    uuid = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))


class OutputFileSchema(Schema):
    """A part, in the form of the older calls."""

    uuid = fields.String(required=True, metadata=_said("32 hex digits.", ID_EXAMPLE))
    output_file = fields.String(required=True, metadata=_said("URL of the download, with the same token."))


class ResultSchema(Schema):
    """A job's result, in the form of the older calls."""

    uuid = fields.String(required=True, metadata=_said("Id of the job.", ID_EXAMPLE))
    input_file = fields.String(required=True, metadata=_said("URL of the file as uploaded."))
    output_files = fields.List(fields.Nested(OutputFileSchema), required=True, metadata=_said("All parts, in order."))
    initial_input_file_name = fields.String(
        required=True, metadata=_said("File name given by the client.", "plays-2024-03.csv")
    )


class OlderRefusalSchema(Schema):
    """A refusal of an older call."""

    message = fields.String(required=True, metadata=_said("For people."))
    type = fields.String(required=True, metadata=_said("For scripts.", "NotFoundException"))


class OlderConflictSchema(OlderRefusalSchema):
    """The refusal of a duplicate file."""

    uuid = fields.String(required=True, metadata=_said("Id of the job of the first upload.", ID_EXAMPLE))


class OlderReasonSchema(Schema):
    """The reason why there is no result."""

    error = fields.String(required=True, metadata=_said("The reason, as a sentence."))


class OlderFailureSchema(OlderRefusalSchema):
    """The refusal to give the result of a job that failed or was cancelled."""

    extra = fields.Nested(OlderReasonSchema, required=True)
