"""How the API says no: a code, a message for people, a type for scripts."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify

from webapp.errors.handlers import type_name


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """Ends a call with this answer; ``more`` are further keys of the body."""

    def __init__(
        self, code: int, message: str, *, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers or {}
        self.body = {**(more or {}), "message": message, "type": type_name(code)}


def init_app(app: Flask) -> None:
    """Answer refusals wherever they are raised."""
    app.register_error_handler(Refusal, _answer)


def _answer(refusal: Refusal) -> Response:
    answer = jsonify(refusal.body)
    answer.status_code = refusal.code
    answer.headers.update(refusal.headers)
    return answer
