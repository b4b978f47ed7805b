"""The site and its JSON API. It never loads Vaex and never imports the worker: it stores, tells the queue and shows."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate  # type: ignore[import-untyped]
from jinja2 import StrictUndefined

from common.settings import Settings, read_settings
from store.database import bind, db
from webapp import (
    api,
    bodies,
    commands,
    errors,
    forgery,
    headers,
    health,
    identity,
    limits,
    metrics,
    pages,
    resources,
    words,
)

_TOP = Path(__file__).parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application; the settings come from the environment unless given."""
    settings = settings or read_settings()
    app = Flask(__name__, template_folder=str(_TOP / "templates"), static_folder=str(_TOP / "static"))
    app.config.update(headers.cookie_settings(settings))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    bind(app, settings)
    Migrate(app, db, directory=str(_TOP / "migrations"), render_as_batch=True)
    resources.keep(app, settings)
    bodies.init_app(app)
    forgery.init_app(app)
    identity.init_app(app)
    headers.init_app(app, settings)
    limits.init_app(app)
    words.init_app(app)

    health.init_app(app)
    metrics.init_app(app)
    pages.init_app(app)
    api.init_app(app)
    errors.init_app(app)
    commands.init_app(app)
    return app
