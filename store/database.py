"""The database connection, bound to a Flask application by web and worker."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, event, text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from common.settings import Settings

# Named constraints: migrations can drop them on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base class of all models."""

    metadata = MetaData(naming_convention=NAMING)


class Moment(TypeDecorator[datetime]):
    """A point in time: stored as naive UTC, since SQLite has no time zones, and loaded as aware UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


db = SQLAlchemy(metadata=Base.metadata)
LOCK_TIMEOUT_MS = 30_000  # milliseconds to wait for another writer on SQLite
SHORT_LOCK_TIMEOUT_MS = 200  # for writes that may be skipped


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def written(at: datetime) -> str:
    """Format a moment in UTC as RFC 3339."""
    return at.isoformat().replace("+00:00", "Z")


def bind(app: Flask, settings: Settings) -> None:
    """Connect the application to the database that the settings name."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    # Errors are logged, and parameters must not be.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True, "hide_parameters": True}
    db.init_app(app)


@contextmanager
def short_lock_timeout() -> Iterator[None]:
    """Let statements in the block fail soon if a row is locked; the caller then rolls back."""
    session = db.session
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text(f"SET LOCAL lock_timeout = {SHORT_LOCK_TIMEOUT_MS}"))  # until the transaction ends
        yield
        return
    session.execute(text(f"PRAGMA busy_timeout = {SHORT_LOCK_TIMEOUT_MS}"))
    try:
        yield
    finally:
        session.execute(text(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}"))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set up SQLite: readers beside a writer (WAL), a wait for locks, and commits that survive a power cut."""
    if isinstance(connection, sqlite3.Connection):
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", f"busy_timeout={LOCK_TIMEOUT_MS}", "foreign_keys=ON", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
