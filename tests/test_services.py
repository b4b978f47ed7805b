"""The tests run on the services that were asked for, and not by mistake on the others."""

from __future__ import annotations

import subprocess

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text

from store.database import db
from tests.postgres import MAJOR
from tests.services import EMBEDDED

DEBIANS = ["dpkg-query", "--show", "--showformat=${Version}", "redis-server"]


@pytest.fixture
def are_embedded(pytestconfig: pytest.Config) -> bool:
    """What the command line said, and not what the fixtures made of it."""
    return bool(pytestconfig.getoption("services") == EMBEDDED)


def test_the_database_is_the_one_that_was_asked_for(are_embedded: bool, store_app: Flask) -> None:
    if are_embedded:
        assert db.session.scalar(text("PRAGMA journal_mode")) == "wal"
    else:
        assert db.session.scalar(text("SELECT version()")).startswith(f"PostgreSQL {MAJOR}.")


@pytest.mark.usefixtures("processes")
def test_redis_is_the_one_that_was_asked_for(are_embedded: bool, redis: Redis) -> None:
    about = redis.info("server")
    if are_embedded:
        assert about["server_name"] == "valkey"
    else:
        assert "server_name" not in about  # which a Valkey would tell
        installed = subprocess.run(DEBIANS, capture_output=True, text=True, check=True).stdout
        assert about["redis_version"] in installed
