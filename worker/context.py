"""A minimal Flask application for access to the database, entered for one piece of work at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from common.settings import Settings
from store.database import bind, db


@contextmanager
def database(settings: Settings) -> Iterator[Flask]:
    """Enter an application context; close its connections at the end, so that none is inherited by a fork."""
    app = Flask("worker")
    bind(app, settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()
