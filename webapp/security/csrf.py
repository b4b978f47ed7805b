"""CSRF protection: on by default, and checked explicitly by views that stream the body."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from wtforms.validators import ValidationError  # type: ignore[import-untyped]

csrf = CSRFProtect()
FIELD = "csrf_token"


def init_app(app: Flask) -> None:
    """Check the CSRF token of every POST, except in exempted views."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a page that is an hour old can still upload; tokens end with the session
    csrf.init_app(app)


def check(fields: Mapping[str, str]) -> None:
    """Raise CSRFError unless the header or the form field holds this session's CSRF token.

    For views that stream the body: Flask-WTF would read all of it to find the token.
    """
    try:
        validate_csrf(request.headers.get("X-CSRFToken") or fields.get(FIELD))
    except ValidationError as error:
        raise CSRFError(str(error)) from None
