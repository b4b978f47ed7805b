"""Help pages about the API."""

from __future__ import annotations

import shlex

from flask import Blueprint, render_template, request

from store import tokens
from store.states import STATES
from webapp.api import schemas
from webapp.api.v1.long_polling import LONGEST
from webapp.app_context import resources
from webapp.errors.problems import PROBLEM_TYPES
from webapp.security.sessions import visitor_or_none

pages = Blueprint("help", __name__, url_prefix="/help")


@pages.get("/api")
def api() -> str:
    """Show how to upload, wait and download from a script, with the site's own URL in every example."""
    reader = visitor_or_none()
    return render_template(
        "help/api.html",
        username=shlex.quote(reader.username if reader else "YOUR NAME"),
        site=request.url_root.rstrip("/"),
        settings=resources().settings,
        states=STATES,
        options={name: option.metadata for name, option in schemas.Options().fields.items()},
        lifetimes=tokens.LIFETIMES,
        longest_wait=LONGEST,
    )


@pages.get("/problems")
def problems() -> str:
    """Show every problem type of the newer API."""
    return render_template("help/problems.html", kinds=PROBLEM_TYPES)
