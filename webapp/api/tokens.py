"""Login: exchange a username and password for an access token (an hour) and a refresh token (30 days)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema

from store import tokens
from webapp.api import schemas
from webapp.api.answers import LIMIT_HEADERS, older_refusals
from webapp.api.bearer import unauthorized
from webapp.api.refusals import Refusal
from webapp.security.rate_limits import WRONG_SIGN_IN, authenticate

api_tokens = Blueprint("api_tokens", __name__, url_prefix="/api", description="Authentication.")


def _body(schema: type[Schema]) -> dict[str, Any]:
    kinds = ("application/json", "application/x-www-form-urlencoded")
    return {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}


@api_tokens.route("/login/", methods=["POST"])
@api_tokens.doc(requestBody=_body(schemas.CredentialsSchema), security=[])
@api_tokens.response(200, schemas.TokensSchema, headers=LIMIT_HEADERS)
@older_refusals(
    api_tokens,
    s400="The username or the password is missing.",
    s401="Wrong username or password.",
    s429="Too many failed attempts with this username, or from this IP address.",
)
def login() -> dict[str, str]:
    """Log in

    Exchange a username and password for an access token (an hour) and a refresh token (30 days).
    """
    account = authenticate(_text("username"), _text("password"))
    if account is None:
        raise unauthorized(WRONG_SIGN_IN)
    account_id = account.id
    return {kind: tokens.issue(account_id, kind) for kind in ("access", "refresh")}


@api_tokens.route("/refresh/", methods=["POST"])
@api_tokens.doc(requestBody=_body(schemas.RefreshSchema), security=[])
@api_tokens.response(200, schemas.AccessSchema)
@older_refusals(api_tokens, s400="The token is missing.", s401="The token is unknown, expired or revoked.")
def refresh() -> dict[str, str]:
    """Get a new access token"""
    holder = tokens.holder_of(_text("refresh"), "refresh")
    if holder is None:
        raise unauthorized("That refresh token is not valid. Log in again.")
    return {"access": tokens.issue(holder.account_id, "access")}


def _text(name: str) -> str:
    """Return a value of the body, which may be JSON or a form; raise a Refusal if it is missing."""
    try:
        body: Any = request.get_json(silent=True) if request.is_json else request.form
    except RecursionError:  # too deeply nested
        body = None
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"Give {name} as text, in a JSON object.")
    return value
