"""Refusals of the older API: a status code, a message for people and a type for scripts."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify

from webapp.errors.handlers import type_name


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An error that ends an older call; ``more`` are further keys of the body."""

    def __init__(
        self, code: int, message: str, *, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers or {}
        self.body = {**(more or {}), "message": message, "type": type_name(code)}


def init_app(app: Flask) -> None:
    """Register the handler of refusals."""
    app.register_error_handler(Refusal, _answer)


def _answer(refusal: Refusal) -> Response:
    answer = jsonify(refusal.body)
    answer.status_code = refusal.code
    answer.headers.update(refusal.headers)
    return answer
