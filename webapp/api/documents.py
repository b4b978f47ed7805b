"""The OpenAPI document, made from the calls themselves, and the two pages that show it."""

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

Calls under `/api/v1/` are for new scripts; those that end in a slash stay as the first scripts know them.
Log in with `POST /api/login/`, or make a token on the account page, and send it as `Authorization: Bearer TOKEN`.
Sizes are in bytes, durations in seconds, moments in UTC as RFC 3339 writes them. Plays are exact integers of any size.
"""
_OPTIONS: dict[str, Any] = {
    "info": {"description": _ABOUT},
    "servers": [{"url": "/"}],
    "security": [{"bearer": []}],
}

api_documents = Blueprint("api_documents", __name__, url_prefix="/api/schema")


class Documented(Api):
    """The library's collection of calls, without its answers to errors: those of webapp.errors.handlers stay.

    The calls are there at once. They are described when somebody asks for the first time, which takes as long as all
    else that a start does.
    """

    DEFAULT_ERROR_RESPONSE_NAME = None  # each call names all its answers

    def __init__(self, app: Flask) -> None:
        self._calls: list[SmorestBlueprint] = []
        self._text = ""
        self._lock = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blp: SmorestBlueprint) -> None:
        """Add the calls of a blueprint to the application, and to the document that is to be."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._calls.append(blp)

    def text(self) -> str:
        """The document as JSON."""
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
    """An empty collection for this application, and the addresses of its document."""
    app.config.update(API_TITLE="Playtally", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0", API_SPEC_OPTIONS=_OPTIONS)
    app.extensions[__name__] = Documented(app)
    app.register_blueprint(api_documents)
    return _documented(app)


def _documented(app: Flask) -> Documented:
    return cast(Documented, app.extensions[__name__])


def _grouped(spec: dict[str, Any]) -> dict[str, Any]:
    """The document with its calls grouped by what they are for, not by names of ours; the newer ones first."""
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
    """The document as JSON."""
    answer = Response(_documented(current_app).text(), mimetype="application/json")
    answer.add_etag()
    return answer.make_conditional(request)  # type: ignore[return-value]


@api_documents.get("/swagger-ui/")
def swagger_ui() -> Response:
    """The document with a form for each call."""
    return Response(render_template("api/swagger_ui.html"))


@api_documents.get("/redoc/")
def redoc() -> Response:
    """The document for reading."""
    answer = Response(render_template("api/redoc.html"))
    # It makes its styles as it goes, and searches in a worker of its own.
    answer.headers["Content-Security-Policy"] = response_headers.policy(style="'self' 'unsafe-inline'", worker="blob:")
    return answer
