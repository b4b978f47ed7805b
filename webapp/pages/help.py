"""Help for those who write scripts."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.problems import KINDS

pages = Blueprint("help", __name__, url_prefix="/help")


@pages.get("/problems")
def problems() -> str:
    """Every kind of problem that a call of the newer API may be answered with."""
    return render_template("help/problems.html", kinds=KINDS)
