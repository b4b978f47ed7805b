"""Idempotency keys: a call that is repeated with the same key returns the job of the first call."""

from __future__ import annotations

import re

from flask import request

from webapp.errors.problems import Problem

KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    "description": "A unique key of the request, such as a UUID. If repeated with it, it returns the same job.",
    "example": "9c1d2c3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e",
}
_FORM = re.compile(r"[!-~]{1,64}")


def request_key() -> str | None:
    """Return the idempotency key of this request, None without one; raise Problem bad-request if it is invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is None or _FORM.fullmatch(key):
        return key
    reason = "should be 1 to 64 visible ASCII characters"
    raise Problem("bad-request", f"Idempotency-Key {reason}.", errors=[{"option": "Idempotency-Key", "reason": reason}])
