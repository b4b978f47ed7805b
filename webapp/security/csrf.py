"""Protection against forged forms (CSRF): on by default, checked by hand where a body is streamed."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from wtforms.validators import ValidationError  # type: ignore[import-untyped]

csrf = CSRFProtect()
FIELD = "csrf_token"


def init_app(app: Flask) -> None:
    """Check every POST but those of exempted views."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a page that was open for an hour can still upload; the session ends it
    csrf.init_app(app)


def check(fields: Mapping[str, str]) -> None:
    """Raise CSRFError unless the header or the form field holds this session's token.

    For views that must not let Flask-WTF look for the token, since that would read the whole body.
    """
    try:
        validate_csrf(request.headers.get("X-CSRFToken") or fields.get(FIELD))
    except ValidationError as error:
        raise CSRFError(str(error)) from None
