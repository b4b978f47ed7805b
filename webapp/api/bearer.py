"""Who calls the API, and whether the token they show is good for what they want."""

from __future__ import annotations

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from store import tokens
from store.tokens import PERSONAL, READ, WRITE

_READING = ("GET", "HEAD", "OPTIONS")
_NO_TOKEN = "Send a valid access token in the header Authorization: Bearer ACCESS."  # noqa: S105 - a sentence
_READ_ONLY = "This token may only read. Make one that may write, too, on the account page."


class InsufficientScope(Forbidden):
    """403: the token is good, but not for this."""

    def __init__(self, needed: str) -> None:
        super().__init__(_READ_ONLY)
        self._needed = needed

    def get_headers(self, *details: object) -> list[tuple[str, str]]:
        """With what RFC 6750 wants to be said about it."""
        said = _bearer(error="insufficient_scope", error_description=_READ_ONLY, scope=self._needed)
        return [*super().get_headers(*details), ("WWW-Authenticate", said.to_header())]  # type: ignore[arg-type]


def require_bearer() -> None:
    """Let the call in if its header holds a live token with the scope for it, else answer 401 or 403.

    The method says which: whatever is not for reading only wants to write, so no call can be forgotten.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise unauthorized(_NO_TOKEN)
    holder = tokens.holder_of(secret.strip(), "access", PERSONAL)
    if holder is None:
        invalid = _bearer(error="invalid_token", error_description="It is unknown, expired or revoked.")
        raise Unauthorized(_NO_TOKEN, www_authenticate=invalid)
    needed = READ if request.method in _READING else WRITE
    if needed not in holder.scopes:
        raise InsufficientScope(needed)
    g.caller_id = holder.account_id


def caller_id() -> int:
    """The account on whose behalf this call is made."""
    return int(g.caller_id)


def unauthorized(message: str) -> Unauthorized:
    """A 401 that names the way in, as RFC 9110 asks."""
    return Unauthorized(message, www_authenticate=_bearer())


class _Quoted(WWWAuthenticate):
    """Each value in quotes, as RFC 6750 writes them; the library has none around a single word."""

    def to_header(self) -> str:
        """The value of the header."""
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in self.parameters.items())


def _bearer(**more: str) -> WWWAuthenticate:
    return _Quoted("bearer", {"realm": "playtally", **more})
