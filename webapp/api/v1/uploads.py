"""Calls of resumable uploads (tus 1.0): create one, send its pieces, get its offset, cancel it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from store.options import DEFAULTS, JobOptions
from webapp.api import schemas
from webapp.api.answers import BYTES, refuses
from webapp.api.bearer import caller_id
from webapp.api.v1 import tus
from webapp.api.v1.access import V1
from webapp.api.v1.bodies import refuse_others, refuse_wrong
from webapp.api.v1.serializers import job_address, moment
from webapp.api.v1.tusdoc import ANSWERS, LOCATION, OFFERED, STANDING, parameters
from webapp.api.v1.webhooks import webhook_url
from webapp.app_context import resources
from webapp.errors.problems import Problem
from webapp.uploads import resumable
from webapp.uploads.multipart import shown_name
from webapp.uploads.resumable import Arriving

api_v1_uploads = V1("api_v1_uploads", __name__, description="Resumable uploads (tus 1.0).")
api_v1_uploads.before_request(tus.require_version)

_SIZES = ("bad-request", "not-allowed", "tus-version", "too-large", "not-a-csv", "disk-full", "over-quota", "too-many")
_PIECE = {"required": False, "content": {tus.PIECE_TYPE: {"schema": BYTES}}}


@api_v1_uploads.after_request
def _say_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = tus.VERSION
    return response


@api_v1_uploads.route("/uploads", methods=["OPTIONS"])
@api_v1_uploads.response(204, description="The capabilities, in the headers.", headers=OFFERED)
@refuses(api_v1_uploads)
def offered() -> Response:
    """Get tus capabilities"""
    answer = Response(status=204)
    answer.headers["Tus-Version"] = tus.VERSION
    answer.headers["Tus-Extension"] = tus.EXTENSIONS
    answer.headers["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    if (limit := resources().settings.max_upload_bytes) is not None:
        answer.headers["Tus-Max-Size"] = str(limit)
    return answer


@api_v1_uploads.route("/uploads", methods=["POST"], provide_automatic_options=False)
@api_v1_uploads.doc(
    parameters=parameters("Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Checksum"),
    requestBody=_PIECE,
)
@api_v1_uploads.response(201, description="The upload was created.", headers=ANSWERS | LOCATION)
@refuses(api_v1_uploads, *_SIZES, "wrong-option", "empty-file", "upload-busy", "wrong-checksum")
def create() -> Response:
    """Create an upload

    Upload-Metadata names the file (`filename`), any options and a `webhook_url`; an invalid option is refused at once.
    The body may hold the first bytes of the file. Then send pieces with PATCH to the URL in Location. If a connection
    breaks, get the offset with HEAD and resume there. Clients of tus do all this by themselves.
    """
    if "Upload-Concat" in request.headers:
        raise tus.wrong_header("Upload-Concat", "cannot be used here: upload each file from its beginning")
    said, length, checksum = tus.metadata(), tus.announced_length(), tus.checksum()
    name = shown_name(said.get("filename") or said.get("name") or "")
    options, webhook = _options(said), webhook_url(said)
    row = resumable.begin(caller_id(), name, length, options, request.headers.get("Upload-Metadata"), webhook)
    arriving = Arriving(row, 0)
    if tus.has_piece():
        with resumable.locked(row.id, caller_id()) as arriving:
            resumable.add_body(arriving, checksum, refuse_others)
    answer = _answer(201, arriving)
    answer.headers["Location"] = url_for("api_v1_uploads.append", upload_id=row.id, _external=True)
    return answer


@api_v1_uploads.route("/uploads/<upload_id>", methods=["HEAD"], provide_automatic_options=False)
@api_v1_uploads.doc(parameters=parameters())
@api_v1_uploads.response(200, description="The offset, in the headers.", headers=STANDING)
@refuses(api_v1_uploads, "tus-version")
def standing(upload_id: str) -> Response:
    """Get an upload's offset"""
    # The client wants to resume, so a request on a dead connection that still holds the lock is made to release it.
    arriving = resumable.standing(upload_id, caller_id())
    answer = _answer(200, arriving)
    row = arriving.row
    length = ("Upload-Defer-Length", "1") if row.bytes is None else ("Upload-Length", str(row.bytes))
    answer.headers.update([length, *([("Upload-Metadata", row.said)] if row.said else [])])
    return answer


@api_v1_uploads.route("/uploads/<upload_id>", methods=["GET"], provide_automatic_options=False)
@api_v1_uploads.response(200, schemas.ResumableUploadSchema)
@refuses(api_v1_uploads)
def one(upload_id: str) -> Any:
    """Get an upload"""
    arriving = resumable.standing(upload_id, caller_id(), patience=0)
    row = arriving.row
    return {
        "id": row.id,
        "offset": arriving.offset,
        "length": row.bytes,
        "file_name": row.name,
        "expires_at": None if row.job_id else moment(row.expires_at),
        "job": row.job_id,
    }


@api_v1_uploads.route("/uploads/<upload_id>", methods=["PATCH"], provide_automatic_options=False)
@api_v1_uploads.doc(parameters=parameters("Upload-Offset", "Upload-Length", "Upload-Checksum"), requestBody=_PIECE)
@api_v1_uploads.response(204, description="The piece is kept.", headers=ANSWERS)
@refuses(api_v1_uploads, *_SIZES, "wrong-offset", "not-a-piece", "upload-busy", "wrong-checksum")
def append(upload_id: str) -> Response:
    """Append a piece to an upload

    Of any size, from a few bytes to the whole file. If the connection breaks, what arrived of a piece is kept unless
    the piece has a checksum. The response to the last piece names the job; a duplicate file gets its earlier job. A
    file of another type, such as a workbook, is refused with its first bytes, and the upload is removed.
    """
    if not tus.has_piece():
        raise Problem("not-a-piece", f"Upload the bytes with the header Content-Type: {tus.PIECE_TYPE}")
    offset, length, checksum = tus.number("Upload-Offset"), tus.number("Upload-Length"), tus.checksum()
    if offset is None:
        raise tus.wrong_header("Upload-Offset", "should say where the piece belongs")
    with resumable.locked(upload_id, caller_id()) as arriving:
        if offset != arriving.offset:
            detail = f"The upload is at offset {arriving.offset:,}, but the piece begins at {offset:,}."
            raise Problem("wrong-offset", detail, headers={"Upload-Offset": str(arriving.offset)})
        if length is not None:
            _settle(arriving, length)
        if arriving.row.job_id is None:
            resumable.add_body(arriving, checksum, refuse_others)
        return _answer(204, arriving)


@api_v1_uploads.route("/uploads/<upload_id>", methods=["DELETE"], provide_automatic_options=False)
@api_v1_uploads.doc(parameters=parameters())
@api_v1_uploads.response(204, description="The upload is removed.")
@refuses(api_v1_uploads, "not-allowed", "tus-version", "upload-busy")
def cancel(upload_id: str) -> Response:
    """Cancel an upload

    What has arrived is removed. A job that was created from it stays.
    """
    with resumable.locked(upload_id, caller_id()) as arriving:
        resumable.remove(arriving)
    return Response(status=204)


def _answer(code: int, arriving: Arriving) -> Response:
    """Return a response with the offset, and the expiry or the job."""
    answer, row = Response(status=code), arriving.row
    answer.headers["Upload-Offset"] = str(arriving.offset)
    if row.job_id is None:
        answer.headers["Upload-Expires"] = tus.date(row.expires_at)
    else:
        answer.headers["Playtally-Job"] = row.job_id
        answer.headers["Content-Location"] = job_address(row.job_id)
    return answer


def _options(said: Mapping[str, str]) -> JobOptions:
    """Return the options in the metadata, ignoring other keys; raise Problem wrong-option if one is invalid."""
    given = {name: value for name, value in said.items() if name in DEFAULTS}
    refuse_wrong(given)
    return JobOptions().with_changes(given)


def _settle(arriving: Arriving, length: int) -> None:
    known = arriving.row.bytes
    if length < max(arriving.offset, 1) or known not in (None, length):
        raise tus.wrong_header("Upload-Length", "cannot be changed, nor be less than what has arrived", str(length))
    resumable.set_length(arriving, length)
