"""A sign of life for whoever starts or watches the site."""

from __future__ import annotations

from flask import Blueprint, Flask, Response

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """200 and "ok" as long as this process answers; it asks neither database nor Redis."""
    return Response("ok", mimetype="text/plain")


def init_app(app: Flask) -> None:
    """Add the address."""
    app.register_blueprint(health)
