"""The JSON API: the older calls, whose codes, keys and trailing slashes must not change, and ``/api/v1/``.

It takes bearer tokens only: a cookie never works here, and a token never works on the pages.
"""

from __future__ import annotations

from flask import Flask

from webapp.api import documents, refusals
from webapp.api.files import api_files
from webapp.api.jobs import api_jobs
from webapp.api.tokens import api_tokens
from webapp.api.v1 import BLUEPRINTS, tus
from webapp.errors import problems
from webapp.security.csrf import csrf


def init_app(app: Flask) -> None:
    """Register the calls. They ignore cookies, so they need no CSRF token."""
    calls = documents.collection(app)
    for blueprint in (api_tokens, api_jobs, api_files, *BLUEPRINTS):
        csrf.exempt(blueprint)
        calls.register_blueprint(blueprint)
    refusals.init_app(app)
    problems.init_app(app)
    tus.init_app(app)
