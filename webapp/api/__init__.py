"""The JSON API that existing scripts speak: codes, keys and trailing slashes exactly as docs and tests have them.

Bearer tokens only: a cookie never works here, and a token never works on the pages.
"""

from __future__ import annotations

from flask import Flask

from webapp.api import refusals
from webapp.api.files import api_files
from webapp.api.jobs import api_jobs
from webapp.api.tokens import api_tokens
from webapp.forgery import csrf


def init_app(app: Flask) -> None:
    """Add the calls. No cookie is looked at, so no form token is needed either."""
    for blueprint in (api_tokens, api_jobs, api_files):
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    refusals.init_app(app)
