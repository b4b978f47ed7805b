"""The secret that signs an account's webhooks."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from store import webhooks
from webapp.security.sessions import visitor

pages = Blueprint("webhooks", __name__)


@pages.post("/account/webhooks")
def show_secret() -> str:
    """Show the secret; by POST, so that a browser never opens it by itself."""
    return render_template("account/webhook_secret.html", secret=webhooks.secret_of(visitor().account_id))


@pages.get("/account/webhooks")
def back() -> Response:
    """Redirect to the account page, which has the button that shows the secret."""
    return redirect(url_for("account.show"), code=303)


@pages.post("/account/webhooks/new-secret")
def make_new_secret() -> Response:
    """Replace the secret by a new one."""
    webhooks.make_new_secret(visitor().account_id)
    flash("Your webhooks have a new secret. Give it to your receivers.")
    return redirect(url_for("account.show"), code=303)
