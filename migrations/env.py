"""Alembic environment: migrations run over the database connection of the application."""

from __future__ import annotations

from alembic import context
from flask import current_app

from store import models  # noqa: F401 - fills the metadata
from store.database import db


def run() -> None:
    """Migrate in one transaction, over a connection of the application."""
    arguments = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, **arguments)
        with context.begin_transaction():
            context.run_migrations()


def print_sql() -> None:
    """Print the SQL statements instead of running them (``flask db upgrade --sql``)."""
    url = db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    run()
