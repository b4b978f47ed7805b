"""Responses that calls of the API have in common, as the OpenAPI document needs them; and the parameter parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from webapp.api import schemas
from webapp.errors.problems import PROBLEM_JSON, PROBLEM_TYPES

BYTES = {"type": "string", "format": "binary"}
RANGE: list[dict[str, Any]] = [
    {
        "in": "header",
        "name": "Range",
        "schema": {"type": "string"},
        "description": "A range of bytes, to resume a download.",
        "example": "bytes=1000-",
    },
    {
        "in": "header",
        "name": "If-None-Match",
        "schema": {"type": "string"},
        "description": "The response is 304 if the ETag matches.",
    },
]
# On all responses of calls with a rate limit.
LIMIT_HEADERS: dict[str, Any] = {
    "RateLimit": {
        "schema": {"type": "string"},
        "description": "The requests left of each rate limit (r), and the seconds until it resets (t).",
        "example": '"uploads";r=299;t=60',
    },
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": "Each rate limit: requests (q) per window in seconds (w).",
        "example": '"uploads";q=300;w=60',
    },
}
_TOO_MANY_HEADERS = LIMIT_HEADERS | {
    "Retry-After": {
        "schema": {"type": "integer"},
        "description": "Seconds to wait before the next request.",
        "example": 42,
    }
}
_TOO_LONG = "The URL is longer than 4,000 characters; this response comes from the web server itself."
View = TypeVar("View", bound=Callable[..., Any])
OLDER_EVERYWHERE = {
    "s405": "Method not allowed.",
    "s500": "Internal error.",
    "s503": "Playtally is unavailable for a moment.",
}
EVERYWHERE = ("not-signed-in", "not-found", "no-such-method", "internal", "unavailable")


class ParametersParser(FlaskParser):
    """The library's parser, which answers 400 to invalid and to unknown parameters."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"query": RAISE}  # noqa: RUF012 - declared by the library


def refuses(blueprint: Any, *kinds: str) -> Callable[[View], View]:
    """Document the problem types of a call: these, and those of every call."""

    def document(view: View) -> View:
        for status, named in sorted(_by_status((*kinds, *EVERYWHERE)).items()):
            examples = {name: {"summary": PROBLEM_TYPES[name].title, "value": _example(name)} for name in named}
            description = " Or: ".join(f"{PROBLEM_TYPES[name].title}." for name in named)
            document_one = blueprint.alt_response(
                status,
                schema=schemas.ProblemSchema,
                content_type=PROBLEM_JSON,
                description=description,
                examples=examples,
                headers=_headers(status),
            )
            view = document_one(view)
        document_one = blueprint.alt_response(414, description=_TOO_LONG)
        return document_one(view)  # type: ignore[no-any-return]

    return document


def older_refusals(blueprint: Any, **words: str) -> Callable[[View], View]:
    """Document the refusals of an older call by status, as ``s409="Duplicate file."``, and those of every call."""

    def document(view: View) -> View:
        for name, description in sorted({**OLDER_EVERYWHERE, **words}.items()):
            status = int(name[1:])
            schema = {406: schemas.OlderFailureSchema, 409: schemas.OlderConflictSchema}.get(
                status, schemas.OlderRefusalSchema
            )
            view = blueprint.alt_response(status, schema=schema, description=description, headers=_headers(status))(
                view
            )
        return view

    return document


def _headers(status: int) -> dict[str, Any] | None:
    return _TOO_MANY_HEADERS if status == 429 else None


def _by_status(kinds: tuple[str, ...]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name in dict.fromkeys(kinds):
        found.setdefault(PROBLEM_TYPES[name].status, []).append(name)
    return found


def _example(kind: str) -> dict[str, Any]:
    facts = PROBLEM_TYPES[kind]
    return {
        "type": f"https://playtally.example/help/problems#{kind}",
        "title": facts.title,
        "status": facts.status,
        "detail": facts.advice,
        "instance": f"/api/v1/jobs/{schemas.ID_EXAMPLE}",
        "errors": [],
    }
