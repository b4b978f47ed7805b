"""The database connection, bound to a Flask application by web and worker alike."""

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

# Names for constraints, so that a migration can drop on SQLite what it made on PostgreSQL.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of all models."""

    metadata = MetaData(naming_convention=NAMING)


class Moment(TypeDecorator[datetime]):
    """A point in time: kept as UTC without a zone (SQLite knows none), given back as aware UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


db = SQLAlchemy(metadata=Base.metadata)
PATIENCE = 30_000  # milliseconds that SQLite waits for another writer
HURRY = 200  # milliseconds that a write waits on which nothing depends


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def written(at: datetime) -> str:
    """A moment in UTC as RFC 3339 writes it."""
    return at.isoformat().replace("+00:00", "Z")


def bind(app: Flask, settings: Settings) -> None:
    """Connect the application to the database that the settings name."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True, "hide_parameters": True}  # errors go to the log
    db.init_app(app)


@contextmanager
def hurry() -> Iterator[None]:
    """Within the block a statement fails soon where others write what it wants to write; then roll back."""
    session = db.session
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text(f"SET LOCAL lock_timeout = {HURRY}"))  # until the transaction ends
        yield
        return
    session.execute(text(f"PRAGMA busy_timeout = {HURRY}"))
    try:
        yield
    finally:
        session.execute(text(f"PRAGMA busy_timeout = {PATIENCE}"))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers beside a writer (WAL), waiting instead of failing, and commits that survive a power cut."""
    if isinstance(connection, sqlite3.Connection):
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", f"busy_timeout={PATIENCE}", "foreign_keys=ON", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
