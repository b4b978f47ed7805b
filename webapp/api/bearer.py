"""Who calls the API."""

from __future__ import annotations

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from store import tokens


def require_bearer() -> None:
    """Let the call in if its header holds a live access token, else answer 401."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    account = tokens.owner_of(secret.strip(), "access") if scheme.lower() == "bearer" else None
    if account is None:
        raise unauthorized("Send a valid access token in the header Authorization: Bearer ACCESS.")
    g.caller_id = account.id


def caller_id() -> int:
    """The account on whose behalf this call is made."""
    return int(g.caller_id)


def unauthorized(message: str) -> Unauthorized:
    """A 401 that names the way in, as RFC 9110 asks."""
    return Unauthorized(message, www_authenticate=WWWAuthenticate("bearer", {"realm": "playtally"}))
