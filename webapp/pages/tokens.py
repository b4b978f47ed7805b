"""Personal tokens: created, listed and revoked by their owner on the account page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from store import tokens
from store.tokens import DAYS, READ, READ_AND_WRITE, TokenError
from webapp.security.sessions import visitor

pages = Blueprint("tokens", __name__, url_prefix="/account/tokens")

SCOPE_WORDS = {READ: "download only", READ_AND_WRITE: "upload and download"}
DAY_WORDS = {**{str(days): f"in {days} days" for days in DAYS}, "never": "never"}
_FIRST_CHOICE = {"name": "", "scopes": READ, "days": "90"}


@pages.app_context_processor
def _section() -> dict[str, Any]:
    """Return the variables of the tokens section, for every view that renders the account page."""
    return {
        "live_tokens": lambda: tokens.live(visitor().account_id),
        "token_scopes": SCOPE_WORDS,
        "token_days": DAY_WORDS,
        "token_form": _FIRST_CHOICE,
        "token_problem": None,
        "made_token": None,
    }


@pages.get("")
def back() -> Response:
    """Redirect to the account page, for visitors who reload the page of a new token."""
    return redirect(url_for("account.show", _anchor="tokens"), code=303)


@pages.post("")
def make() -> tuple[str, int]:
    """Create a token and show its secret in this response only, so that it is stored nowhere."""
    given = {name: request.form.get(name, "") for name in _FIRST_CHOICE}
    try:
        days = _days(given["days"])
        made = tokens.make(visitor().account_id, given["name"], given["scopes"], days)
    except TokenError as error:
        return _page(token_problem=str(error), token_form=given), 400
    return _page(made_token=made), 201


@pages.post("/<int(max=2147483647):token_id>/revoke")
def revoke(token_id: int) -> Response:
    """Revoke a token; 404 for one of another account as for one that does not exist."""
    me = visitor().account_id
    name = next((token.name for token in tokens.live(me) if token.id == token_id), "")
    if not tokens.revoke(me, token_id):
        abort(404)
    flash(f'Token "{name}" revoked.')
    return redirect(url_for("account.show", _anchor="tokens"), code=303)


@pages.post("/revoke-all")
def revoke_all() -> Response:
    """Revoke all personal tokens, and those of scripts that logged in with the password."""
    tokens.revoke_all(visitor().account_id)
    flash("All tokens revoked.")
    return redirect(url_for("account.show", _anchor="tokens"), code=303)


def _days(text: str) -> int | None:
    """Return the lifetime in days, None for "never"; an unknown choice becomes 0, which is refused."""
    if text == "never":
        return None
    return int(text) if text in DAY_WORDS else 0


def _page(**more: Any) -> str:
    return render_template("account/account.html", problem=None, **more)
