"""Responses to requests that are refused before the application sees them, in our words instead of the parser's."""

from __future__ import annotations

import json
from http import HTTPStatus

from webapp.errors import problems
from webapp.errors.handlers import SENTENCES, type_name

_SENTENCES = {
    400: "The request is not as HTTP wants it, so it was not read. A proxy or a script on its way may have damaged it.",
    414: "The address of the request is longer than this site reads.",
    417: "The header Expect can only say 100-continue here.",
    431: "The headers of the request are longer, or more, than this site reads.",
    501: "The body of the request comes in a coding that this site does not read. Send it as it is, or chunked.",
}


def answer(code: int, head: bytes) -> bytes:
    """Return the whole HTTP response, as JSON or text according to the path in ``head``; the connection then closes."""
    sentence = _SENTENCES.get(code) or SENTENCES.get(code) or _SENTENCES[400]
    kind, body = _said(code, sentence, _path(head))
    lines = (
        f"HTTP/1.1 {code} {HTTPStatus(code).phrase}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body.encode())}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", body]).encode()


def _path(head: bytes) -> str:
    words = head.lstrip(b"\r\n").split(b"\r\n", 1)[0].split(b" ")
    return words[1].split(b"?", 1)[0].decode("latin-1") if len(words) > 1 else ""


def _said(code: int, sentence: str, path: str) -> tuple[str, str]:
    if path.startswith("/api/v1/"):
        kind = problems.kind_of_status(code)
        problem = {
            "type": f"/help/problems#{kind}",
            "title": problems.PROBLEM_TYPES[kind].title,
            "status": code,
            "detail": sentence,
            "instance": path[:1000],
            "errors": [],
        }
        return problems.PROBLEM_JSON, json.dumps(problem)
    if path.startswith("/api/"):
        return "application/json", json.dumps({"message": sentence, "type": type_name(code)})
    return "text/plain; charset=utf-8", f"{sentence}\n"
