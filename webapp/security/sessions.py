"""Sessions of the pages: Flask-Login over the accounts of the store. The API uses bearer tokens instead."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

from flask import Flask, abort, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user
from werkzeug.wrappers import Response

from store import accounts
from store.models import Account

OPEN_TO_ALL = {
    "static",
    "health.alive",
    "health.ready",
    "metrics.scrape",
    "account.sign_in",
    "account.sign_in_form",
    "help.api",
    "help.problems",
    "api_documents.document",
    "api_documents.swagger_ui",
    "api_documents.redoc",
}
API_BLUEPRINTS = {  # these check bearer tokens themselves
    "api_tokens",
    "api_jobs",
    "api_files",
    "api_v1_creating",
    "api_v1_jobs",
    "api_v1_parts",
    "api_v1_uploads",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in account, as plain values, since no database row outlives its transaction."""

    account_id: int
    username: str
    is_admin: bool
    password_mark: str  # changes with the password, which ends all earlier sessions

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return what the session cookie stores: the account's id and the password mark."""
        return f"{self.account_id}:{self.password_mark}"


def init_app(app: Flask) -> None:
    """Require a signed-in visitor on every page that is not in OPEN_TO_ALL."""
    # Without its context processor, which would query the database for every template, even that of the error page.
    manager = LoginManager(app, add_context_processor=False)
    manager.user_loader(_load)
    app.before_request(_require_sign_in)
    app.context_processor(lambda: {"visitor": visitor_or_none})


def sign_in(account: Account) -> None:
    """Start a new session with the account as its visitor."""
    session.clear()
    session.permanent = True
    login_user(_visitor(account))


def visitor() -> Visitor:
    """Return the signed-in visitor of this request."""
    found = visitor_or_none()
    assert found is not None, "pages are only reached signed in"
    return found


def visitor_or_none() -> Visitor | None:
    """Return the signed-in visitor of this request, or None."""
    return cast(Visitor, current_user._get_current_object()) if current_user.is_authenticated else None


def _require_sign_in() -> Response | None:
    if request.endpoint is None or request.endpoint in OPEN_TO_ALL or request.blueprint in API_BLUEPRINTS:
        return None
    if current_user.is_authenticated:
        return None
    if "HX-Request" in request.headers or request.accept_mimetypes.best == "application/json":
        abort(401)
    wanted = request.full_path.removesuffix("?") if request.method == "GET" else None
    return redirect(url_for("account.sign_in_form", next=None if wanted == "/" else wanted), code=303)


def _load(remembered: str) -> Visitor | None:
    account_id, _, mark = remembered.partition(":")
    account = accounts.find(int(account_id)) if account_id.isdigit() else None
    if account is None or account.disabled_at is not None:
        return None
    found = _visitor(account)
    return found if found.password_mark == mark else None


def _visitor(account: Account) -> Visitor:
    mark = hashlib.sha256(account.password_hash.encode()).hexdigest()[:16]
    return Visitor(account.id, account.username, account.is_admin, mark)
