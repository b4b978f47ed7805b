"""Signing in and out, and the visitor's own account."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_login import logout_user
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from store import accounts
from store.accounts import AccountError
from webapp.security.rate_limits import WRONG_SIGN_IN, authenticate
from webapp.security.sessions import sign_in as begin_session
from webapp.security.sessions import visitor, visitor_or_none

pages = Blueprint("account", __name__)


@pages.get("/sign-in")
def sign_in_form() -> Response | str:
    """Show the form, or redirect a visitor who is signed in."""
    if visitor_or_none() is not None:
        return redirect(_next_page(), code=303)
    return render_template("account/sign_in.html", username="", problem=None)


@pages.post("/sign-in")
def sign_in() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Begin a session; the response does not say whether the name or the password was wrong."""
    username = request.form.get("username", "")
    try:
        found = authenticate(username, request.form.get("password", ""))
    except TooManyRequests as error:
        page = render_template("account/sign_in.html", username=username, problem=error.description)
        return page, 429, {"Retry-After": str(error.retry_after)}
    if found is None:
        return render_template("account/sign_in.html", username=username, problem=WRONG_SIGN_IN), 400
    begin_session(found)
    return redirect(_next_page(), code=303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("account.sign_in_form"), code=303)


@pages.get("/account")
def show() -> str:
    """Show the visitor's account."""
    return render_template("account/account.html", problem=None)


@pages.post("/account")
def change_password() -> Response | tuple[str, int]:
    """Change the visitor's password, which ends all other sessions of the account."""
    try:
        changed = accounts.change_password(
            visitor().account_id, request.form.get("present", ""), request.form.get("wanted", "")
        )
    except AccountError as error:
        return render_template("account/account.html", problem=str(error)), 400
    begin_session(changed)
    flash("Password changed.")
    return redirect(url_for("account.show"), code=303)


def _next_page() -> str:
    """Return the page that the visitor wanted if it is on this site, else the upload page (no open redirect)."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    # Browsers take a backslash for a slash and skip tabs and line ends, so "/\t/evil" would leave the site.
    is_local = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_local and not parts.scheme and not parts.netloc else url_for("upload.form")
