"""The OpenAPI document, generated from the calls, and the two pages that show it."""

from __future__ import annotations

import http
import threading
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, json, render_template, request
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint

from webapp.api.schemas import ProblemSchema
from webapp.errors.problems import PROBLEM_JSON
from webapp.security import response_headers

VERSION = "1.0.0"  # of the API, not of the site
_ABOUT = """Send a CSV of plays, wait for its job, download the totals.

Calls under `/api/v1/` are for new scripts; those that end in a slash stay compatible with older scripts.
Log in with `POST /api/login/`, or create a token on the account page, and send it as `Authorization: Bearer TOKEN`.
Sizes are in bytes, durations in seconds, times in UTC (RFC 3339). Plays are exact integers of any size.
"""
_OPTIONS: dict[str, Any] = {
    "info": {"description": _ABOUT},
    "servers": [{"url": "/"}],
    "security": [{"bearer": []}],
}

api_documents = Blueprint("api_documents", __name__, url_prefix="/api/schema")


class Documented(Api):
    """The library's ``Api`` without its error handlers, so that those of webapp.errors.handlers apply.

    The calls are registered at once, but described only on the first request for the document: describing them takes
    as long as the rest of the start.
    """

    DEFAULT_ERROR_RESPONSE_NAME = None  # each call documents all its responses

    def __init__(self, app: Flask) -> None:
        self._calls: list[SmorestBlueprint] = []
        self._text = ""
        self._lock = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blp: SmorestBlueprint) -> None:
        """Register a blueprint with the application, and remember it for the document."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._calls.append(blp)

    def text(self) -> str:
        """Return the document as JSON."""
        with self._lock:
            if not self._text:
                self._describe()
                self._text = json.dumps(_grouped(self.spec.to_dict()), sort_keys=False)
            return self._text

    def _describe(self) -> None:
        self.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
        for calls in self._calls:
            calls.register_views_in_doc(self, self._app, self.spec, name=calls.name, parameters=None)
            self.spec.tag({"name": calls.name, "description": calls.description})

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        for status in http.HTTPStatus:
            content = {PROBLEM_JSON: {"schema": ProblemSchema}}
            self.spec.components.response(status.name, {"description": status.phrase, "content": content}, lazy=True)


def collection(app: Flask) -> Documented:
    """Create the collection of calls for this application, and register the routes of its document."""
    app.config.update(API_TITLE="Playtally", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0", API_SPEC_OPTIONS=_OPTIONS)
    app.extensions[__name__] = Documented(app)
    app.register_blueprint(api_documents)
    return _documented(app)


def _documented(app: Flask) -> Documented:
    return cast(Documented, app.extensions[__name__])


def _grouped(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the document with readable tags instead of the names of blueprints, those of the newer calls first."""
    words = {tag["name"]: tag.get("description", tag["name"]).rstrip(".") for tag in spec["tags"]}
    newer_first = sorted(words, key=lambda name: (name != "api_tokens", not name.startswith("api_v1")))
    spec["tags"] = [{"name": words[name]} for name in newer_first]
    for calls in spec["paths"].values():
        for call in calls.values():
            if "tags" in call:
                call["tags"] = [words[name] for name in call["tags"]]
    return spec


@api_documents.get("/")
def document() -> Response:
    """Return the document as JSON, for conditional requests."""
    answer = Response(_documented(current_app).text(), mimetype="application/json")
    answer.add_etag()
    return answer.make_conditional(request)  # type: ignore[return-value]


@api_documents.get("/swagger-ui/")
def swagger_ui() -> Response:
    """Show the document in Swagger UI, with a form for each call."""
    return Response(render_template("api/swagger_ui.html"))


@api_documents.get("/redoc/")
def redoc() -> Response:
    """Show the document in Redoc, for reading."""
    answer = Response(render_template("api/redoc.html"))
    # Redoc generates its styles at run time, and searches in a web worker.
    answer.headers["Content-Security-Policy"] = response_headers.policy(style="'self' 'unsafe-inline'", worker="blob:")
    return answer
