"""Headers of tus 1.0, the protocol of resumable uploads: https://tus.io/protocols/resumable-upload"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import Flask, request
from werkzeug.http import http_date

from webapp.errors.problems import Problem

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
PIECE_TYPE = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[!-+\--~]+")  # visible ASCII without the comma
_UNDER = "/api/v1/uploads"
_OVERRIDES = ("PATCH", "DELETE", "HEAD", "OPTIONS")
_Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Checksum:
    """The checksum in Upload-Checksum, to be compared with the bytes of the piece."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._expected = expected

    def add(self, piece: bytes) -> None:
        """Update the checksum with the next bytes that arrived."""
        self._hash.update(piece)

    def check(self) -> None:
        """Raise Problem wrong-checksum unless the bytes so far have the expected checksum."""
        if self._hash.digest() != self._expected:
            name = self._hash.name.upper()
            raise Problem(
                "wrong-checksum",
                f"The {name} of the bytes that arrived is not the one in Upload-Checksum. Upload them again.",
            )


def init_app(app: Flask) -> None:
    """Support X-HTTP-Method-Override, for clients that can only POST."""
    app.wsgi_app = _overridden(app.wsgi_app)  # type: ignore[assignment,method-assign]


def _overridden(wsgi_app: _Wsgi) -> _Wsgi:
    def overridden(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        wanted = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        is_ours = environ.get("PATH_INFO", "").startswith(_UNDER)
        if is_ours and environ["REQUEST_METHOD"] == "POST" and wanted in _OVERRIDES:
            environ["REQUEST_METHOD"] = wanted
        return wsgi_app(environ, start_response)

    return overridden


def require_version() -> None:
    """Raise Problem tus-version for another version; OPTIONS asks for ours, and GET is not part of the protocol."""
    spoken = request.headers.get("Tus-Resumable")
    if request.method in ("OPTIONS", "GET") or spoken == VERSION:
        return
    found = f"not {spoken[:20]}" if spoken else "which every request must name"
    raise Problem(
        "tus-version",
        f"This site supports tus {VERSION}, {found}. Use the header Tus-Resumable: {VERSION}",
        headers={"Tus-Version": VERSION},
    )


def number(name: str) -> int | None:
    """Return the number in a header, None without the header; raise Problem bad-request if it is invalid."""
    text = request.headers.get(name)
    if text is None or _NUMBER.fullmatch(text):
        return None if text is None else int(text)
    raise wrong_header(name, "should be a whole number of bytes", text)


def announced_length() -> int | None:
    """Return the length of a new upload in bytes, None if deferred; raise a Problem if the headers are wrong."""
    length, later = number("Upload-Length"), request.headers.get("Upload-Defer-Length")
    if later is not None and later != "1":
        raise wrong_header("Upload-Defer-Length", "can only be 1", later)
    if (length is None) == (later is None):
        raise wrong_header("Upload-Length", "should say how many bytes the file has, or Upload-Defer-Length: 1 instead")
    if length == 0:
        raise Problem("empty-file", "The file is empty.")
    return length


def metadata() -> dict[str, str]:
    """Decode Upload-Metadata; raise Problem bad-request if it is malformed."""
    found: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in request.headers.get("Upload-Metadata", "").split(","))):
        key, _, value = pair.partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise wrong_header("Upload-Metadata", "should have each key once, then a space and its value in Base64")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise wrong_header("Upload-Metadata", f"has a value for {key[:40]} that is not UTF-8 in Base64") from None
    return found


def checksum() -> Checksum | None:
    """Return the checksum of this piece, None without one; raise Problem bad-request if it is malformed."""
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise wrong_header("Upload-Checksum", f"should begin with one of {', '.join(ALGORITHMS)}", algorithm)
    try:
        return Checksum(algorithm, base64.b64decode(encoded.strip(), validate=True))
    except binascii.Error:
        raise wrong_header("Upload-Checksum", "should be an algorithm and a checksum in Base64", text) from None


def has_piece() -> bool:
    """Return whether the body of this request is a piece of a file."""
    return request.mimetype == PIECE_TYPE


def wrong_header(name: str, reason: str, value: str | None = None) -> Problem:
    """Return Problem bad-request for a header."""
    entry = {"option": name, "reason": reason, "value": None if value is None else value[:60]}
    return Problem("bad-request", f"{name} {reason}.", errors=[entry])


def date(at: datetime) -> str:
    """Format a time as an HTTP date."""
    return http_date(at)
