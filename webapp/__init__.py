"""The site and its JSON API: it stores files, enqueues jobs and shows results. It never loads Vaex or the worker."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate  # type: ignore[import-untyped]
from jinja2 import StrictUndefined

from common.settings import Settings, read_settings
from store.database import bind, db
from webapp import api, app_context, cli, formatting, pages
from webapp.errors import handlers
from webapp.monitoring import health, metrics
from webapp.security import csrf, rate_limits, response_headers, sessions
from webapp.uploads import request_body

_TOP = Path(__file__).parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """Create the application, with the settings of the environment unless others are given."""
    settings = settings or read_settings()
    app = Flask(__name__, template_folder=str(_TOP / "templates"), static_folder=str(_TOP / "static"))
    app.config.update(response_headers.cookie_settings(settings))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    bind(app, settings)
    Migrate(app, db, directory=str(_TOP / "migrations"), render_as_batch=True)
    app_context.attach(app, settings)
    request_body.init_app(app)
    csrf.init_app(app)
    sessions.init_app(app)
    response_headers.init_app(app, settings)
    rate_limits.init_app(app)
    formatting.init_app(app)

    health.init_app(app)
    metrics.init_app(app)
    pages.init_app(app)
    api.init_app(app)
    handlers.init_app(app)
    cli.init_app(app)
    return app
