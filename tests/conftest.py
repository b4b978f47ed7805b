"""Fixtures that every room shares: the services below, settings and a database of the test's own.

``--services debian`` runs the tests on PostgreSQL and Debian's Redis; only this module knows of the choice.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from common.settings import Settings, read_settings
from store.database import bind, db
from store.files import Files
from tests.services import DEBIAN, EMBEDDED, Services, redis_server, running


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--services", choices=(EMBEDDED, DEBIAN), default=EMBEDDED, help="what the tests run on")


def pytest_configure() -> None:
    """End like Ctrl-C when told to stop, so that fixtures take down what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header(config: pytest.Config) -> str:
    return f"services: {config.getoption('services')}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what would be the same on other services: all tests that use none."""
    if config.getoption("services") != EMBEDDED:
        same = [item for item in items if "services" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=same)
        items[:] = [item for item in items if item not in same]


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> Iterator[Services]:
    """The database and Redis that were chosen, as long as the tests run."""
    with running(pytestconfig.getoption("services")) as chosen:
        yield chosen


@pytest.fixture(scope="session")
def redis_url(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server that lives as long as the tests."""
    with redis_server(services.redis_binary, tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """An empty Redis."""
    connection = Redis.from_url(redis_url)
    connection.flushall()
    yield connection
    connection.close()


@pytest.fixture
def database_url(services: Services) -> Iterator[str]:
    """The DATABASE_URL of a database without rows."""
    with services.emptied_database() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings with a folder and a database of the test's own."""
    addresses = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    return read_settings({"DATA_DIR": str(tmp_path / "data"), "SECRET_KEY": "k" * 32} | addresses)


@pytest.fixture
def files(settings: Settings) -> Files:
    """The files of the test's own data folder."""
    return Files(settings.data_dir)


@pytest.fixture
def store_app(settings: Settings) -> Iterator[Flask]:
    """A bare application with an empty database, in whose context the test runs."""
    app = Flask("store-tests")
    bind(app, settings)
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()
