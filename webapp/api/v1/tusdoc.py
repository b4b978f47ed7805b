"""The headers of tus, as the OpenAPI document describes them."""

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
        "description": "The version of tus that the client speaks.",
    },
    "Upload-Length": {
        "schema": _BYTES,
        "description": "Bytes of the whole file; needed once, at the beginning unless that is put off.",
        "example": 1300000000,
    },
    "Upload-Defer-Length": {
        "schema": {"type": "string", "enum": ["1"]},
        "description": "The length is not known yet; a later PATCH sends Upload-Length.",
    },
    "Upload-Metadata": {
        "schema": _TEXT,
        "description": "Pairs of a key and its value in Base64, between commas. Read are filename (or name) and the "
        f"options {', '.join(DEFAULTS)}; others are given back and mean nothing.",
        "example": "filename cGxheXMuY3N2,bad_rows c2tpcA==",
    },
    "Upload-Offset": {"schema": _BYTES, "required": True, "description": "Where the piece begins.", "example": 0},
    "Upload-Checksum": {
        "schema": _TEXT,
        "description": f"One of {', '.join(tus.ALGORITHMS)}, and that of the piece in Base64. A piece with another one "
        "is refused with 460 and counts for nothing.",
        "example": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
    "Upload-Offset": {"schema": _BYTES, "description": "Bytes that have arrived and are kept."},
    "Upload-Expires": {"schema": _TEXT, "description": "When it is removed unless more comes; before it has a job."},
    "Playtally-Job": {"schema": _TEXT, "description": "The id of the job, once all bytes are there."},
    "Content-Location": {"schema": _TEXT, "description": "Where to ask for that job."},
}
LOCATION: dict[str, dict[str, Any]] = {
    "Location": {"schema": _TEXT, "description": "The upload's address, to which its pieces are sent."}
}
STANDING = ANSWERS | {
    "Upload-Length": {"schema": _BYTES, "description": "Bytes of the whole file, if they are known."},
    "Upload-Defer-Length": {"schema": _TEXT, "description": "1 if they are not."},
    "Upload-Metadata": {"schema": _TEXT, "description": "As it was sent."},
}
OFFERED: dict[str, dict[str, Any]] = {
    "Tus-Version": {"schema": _TEXT, "description": "The versions of tus that are spoken here."},
    "Tus-Extension": {"schema": _TEXT, "description": "What is offered beyond its core."},
    "Tus-Checksum-Algorithm": {"schema": _TEXT, "description": "The checksums that a piece may have."},
    "Tus-Max-Size": {"schema": _BYTES, "description": "Bytes of the largest file, where there is a limit."},
}


def parameters(*names: str) -> list[dict[str, Any]]:
    """The headers that a call takes, the version among them."""
    return [{"in": "header", "name": name, **_REQUESTS[name]} for name in ("Tus-Resumable", *names)]
