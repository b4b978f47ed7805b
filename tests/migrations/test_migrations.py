"""Migrations lead from nothing to exactly the models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from common.settings import Settings
from store.database import db
from tests.services import Services
from webapp import create_app


@pytest.fixture
def database_url(services: Services) -> Iterator[str]:
    """A database without tables."""
    with services.new_database() as url:
        yield url


def migrated(settings: Settings) -> Flask:
    app = create_app(settings)
    with app.app_context():
        upgrade()
    return app


def test_an_empty_database_gets_the_schema_of_the_models(settings: Settings) -> None:
    app = migrated(settings)
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
    with app.app_context():
        db.engine.dispose()


def test_migrating_twice_changes_nothing_and_the_way_back_works(settings: Settings) -> None:
    app = migrated(settings)
    with app.app_context():
        upgrade()
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        db.engine.dispose()
