"""Pages for administrators: everyone's files, and the accounts."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from store import accounts
from store.accounts import AccountError
from webapp.pages.jobs import list_page
from webapp.security.sessions import visitor

pages = Blueprint("admin", __name__, url_prefix="/admin")


@pages.before_request
def administrators_only() -> None:
    """Abort with 403 for visitors who are not administrators."""
    if not visitor().is_admin:
        abort(403)


@pages.get("/files")
def files() -> str:
    """List everyone's jobs, newest first."""
    return list_page("admin.files", everyone=True)


@pages.get("/people")
def people() -> str:
    """List all accounts, with a form to add one."""
    return _people(None)


@pages.post("/people")
def add_person() -> Response | tuple[str, int]:
    """Create an account."""
    form = request.form
    try:
        added = accounts.create(form.get("username", ""), form.get("password", ""), is_admin="is_admin" in form)
    except AccountError as error:
        return _people(str(error)), 400
    flash(f"{added.username} can sign in now.")
    return redirect(url_for("admin.people"), code=303)


@pages.post("/people/<int(max=2147483647):account_id>/<any(disable, enable):action>")
def change_person(account_id: int, action: str) -> Response | tuple[str, int]:
    """Disable an account, which ends its sessions at their next request, or enable it again."""
    if accounts.find(account_id) is None:
        abort(404)
    try:
        accounts.set_disabled(account_id, action == "disable")
    except AccountError as error:
        return _people(str(error)), 400
    return redirect(url_for("admin.people"), code=303)


def _people(problem: str | None) -> str:
    return render_template("admin/people.html", people=accounts.everyone(), problem=problem)
