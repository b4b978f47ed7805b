"""Logging in: a name and a password for an access token (an hour) and a refresh token (30 days)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from store import accounts, tokens
from webapp.api.bearer import unauthorized
from webapp.api.refusals import Refusal

api_tokens = Blueprint("api_tokens", __name__, url_prefix="/api")


@api_tokens.post("/login/")
def login() -> dict[str, str]:
    """``{username, password}`` -> ``{access, refresh}``; 401 when they do not belong together."""
    account = accounts.authenticate(_text("username"), _text("password"))
    if account is None:
        raise unauthorized("That username and password do not belong together.")
    account_id = account.id
    return {kind: tokens.issue(account_id, kind) for kind in ("access", "refresh")}


@api_tokens.post("/refresh/")
def refresh() -> dict[str, str]:
    """``{refresh}`` -> ``{access}``; 401 when the token is unknown, expired or revoked."""
    account = tokens.owner_of(_text("refresh"), "refresh")
    if account is None:
        raise unauthorized("That refresh token is not valid. Log in again.")
    return {"access": tokens.issue(account.id, "access")}


def _text(name: str) -> str:
    """A value of the body, which may be JSON or a form."""
    try:
        body: Any = request.get_json(silent=True) if request.is_json else request.form
    except RecursionError:  # brackets within brackets within brackets
        body = None
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"Send {name} as text, in a JSON object.")
    return value
