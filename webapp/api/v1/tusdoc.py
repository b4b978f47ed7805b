"""Descriptions of the tus headers, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from store.options import DEFAULTS
from webapp.api.v1 import tus

_BYTES = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_REQUESTS: dict[str, dict[str, Any]] = {
    "Tus-Resumable": {
        "schema": {"type": "string", "enum": [tus.VERSION]},
        "required": True,
        "description": "The version of the protocol.",
    },
    "Upload-Length": {
        "schema": _BYTES,
        "description": "Length of the whole file in bytes; required at creation unless deferred.",
        "example": 1300000000,
    },
    "Upload-Defer-Length": {
        "schema": {"type": "string", "enum": ["1"]},
        "description": "The length is not known yet; a later PATCH sends Upload-Length.",
    },
    "Upload-Metadata": {
        "schema": _TEXT,
        "description": "Comma-separated pairs of a key and its value in Base64. The keys filename (or name) and the "
        f"options {', '.join(DEFAULTS)} are used; others are returned by HEAD, but ignored.",
        "example": "filename cGxheXMuY3N2,bad_rows c2tpcA==",
    },
    "Upload-Offset": {"schema": _BYTES, "required": True, "description": "Offset of the piece in bytes.", "example": 0},
    "Upload-Checksum": {
        "schema": _TEXT,
        "description": f"One of {', '.join(tus.ALGORITHMS)}, and the checksum of the piece in Base64. A piece that "
        "does not match is refused with 460, and none of it is kept.",
        "example": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
    "Upload-Offset": {"schema": _BYTES, "description": "Bytes that have arrived and are kept."},
    "Upload-Expires": {"schema": _TEXT, "description": "When the upload expires unless more arrives, if incomplete."},
    "Playtally-Job": {"schema": _TEXT, "description": "The id of the job, once the upload is complete."},
    "Content-Location": {"schema": _TEXT, "description": "URL of that job."},
}
LOCATION: dict[str, dict[str, Any]] = {
    "Location": {"schema": _TEXT, "description": "URL of the upload, to which its pieces are sent."}
}
STANDING = ANSWERS | {
    "Upload-Length": {"schema": _BYTES, "description": "Length of the whole file in bytes, if known."},
    "Upload-Defer-Length": {"schema": _TEXT, "description": "1 if the length is not known yet."},
    "Upload-Metadata": {"schema": _TEXT, "description": "The metadata as it was sent."},
}
OFFERED: dict[str, dict[str, Any]] = {
    "Tus-Version": {"schema": _TEXT, "description": "Supported versions of tus."},
    "Tus-Extension": {"schema": _TEXT, "description": "Supported extensions."},
    "Tus-Checksum-Algorithm": {"schema": _TEXT, "description": "Supported checksum algorithms."},
    "Tus-Max-Size": {"schema": _BYTES, "description": "Size limit of a file in bytes, if there is one."},
}


def parameters(*names: str) -> list[dict[str, Any]]:
    """Return the headers that a call takes, with Tus-Resumable first."""
    return [{"in": "header", "name": name, **_REQUESTS[name]} for name in ("Tus-Resumable", *names)]
