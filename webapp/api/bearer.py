"""Bearer tokens: who calls the API, and whether the token has the scope for the call."""

from __future__ import annotations

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from store import tokens
from store.tokens import PERSONAL, READ, WRITE

_READING = ("GET", "HEAD", "OPTIONS")
_NO_TOKEN = "Use a valid access token in the header Authorization: Bearer ACCESS."  # noqa: S105 - a sentence
_READ_ONLY = "This token may only read. Make one that may write, too, on the account page."


class InsufficientScope(Forbidden):
    """403: the token is valid, but lacks the scope for the call."""

    def __init__(self, needed: str) -> None:
        super().__init__(_READ_ONLY)
        self._needed = needed

    def get_headers(self, *details: object) -> list[tuple[str, str]]:
        """Return the headers, with WWW-Authenticate as RFC 6750 defines it."""
        said = _bearer(error="insufficient_scope", error_description=_READ_ONLY, scope=self._needed)
        return [*super().get_headers(*details), ("WWW-Authenticate", said.to_header())]  # type: ignore[arg-type]


def require_bearer() -> None:
    """Refuse the call unless its header holds a live token with the scope for it: 401 or 403.

    The method decides the scope: every method that is not known to be read-only needs ``write``, so that no call can
    be forgotten.
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
    """Return the id of the account that makes this call."""
    return int(g.caller_id)


def unauthorized(message: str) -> Unauthorized:
    """Return a 401 with WWW-Authenticate, which RFC 9110 requires."""
    return Unauthorized(message, www_authenticate=_bearer())


class _Quoted(WWWAuthenticate):
    """A header with every value in quotes, as in RFC 6750; the library does not quote single words."""

    def to_header(self) -> str:
        """Return the value of the header."""
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in self.parameters.items())


def _bearer(**more: str) -> WWWAuthenticate:
    return _Quoted("bearer", {"realm": "playtally", **more})
