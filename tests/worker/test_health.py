"""Whether a container's process is at work, as its health check asks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from rq.utils import utcformat
from sqlalchemy import update

from store.database import db, now
from store.models import LeaderLease
from tests.processes import eventually
from tests.worker.conftest import Start
from worker import deliverer_heartbeat, health

WORKER = "rq:worker:one"


@pytest.fixture
def registered(redis: Redis) -> Redis:
    """A Redis that knows one worker of the small queue on this host, seen just now."""
    redis.sadd("rq:workers", WORKER)
    redis.sadd("rq:workers:small", WORKER)
    seen = utcformat(now())
    redis.hset(WORKER, mapping={"hostname": socket.gethostname(), "last_heartbeat": seen, "queues": "small"})
    return redis


def ask(environ: dict[str, str], *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "worker.health", *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("queue", ["small", "large"])
def test_a_worker_is_at_work_from_its_registration_until_it_stops(
    start: Start, environ: dict[str, str], redis: Redis, queue: str
) -> None:
    other = {"small": "large", "large": "small"}[queue]
    worker = start("worker", "--queue", queue)
    eventually(lambda: health.worker_is_at_work(redis, queue))
    assert ask(environ, "--queue", queue) == (0, "")
    assert ask(environ, "--queue", other)[0] == 1
    worker.terminate()
    assert worker.wait(timeout=60) == 0
    silence = f"No worker of the {queue} queue on this host has sent a heartbeat lately.\n"
    assert ask(environ, "--queue", queue) == (1, silence)


def test_a_worker_that_fell_silent_is_not_at_work(registered: Redis) -> None:
    assert health.worker_is_at_work(registered, "small")
    registered.hset(WORKER, "last_heartbeat", utcformat(now() - health.LONGEST_SILENCE - timedelta(seconds=1)))
    assert not health.worker_is_at_work(registered, "small")


def test_a_worker_of_another_host_does_not_count(registered: Redis) -> None:
    registered.hset(WORKER, "hostname", "elsewhere")
    assert not health.worker_is_at_work(registered, "small")


def test_the_reconciler_is_at_work_after_its_first_turn(
    start: Start, environ: dict[str, str], store_app: Flask, redis: Redis
) -> None:
    silence = "No reconciler on this host has sent a heartbeat lately.\n"
    assert ask(environ, "--reconciler") == (1, silence)
    start("worker.reconciler")
    eventually(lambda: health.reconciler_is_at_work(redis))
    assert ask(environ, "--reconciler") == (0, "")
    (sign,) = redis.keys("playtally:reconciler:*")
    assert 60 < redis.ttl(sign) <= 63  # three turns of a second, and a minute


def test_the_deliverer_of_webhooks_is_at_work_from_its_start(
    start: Start, environ: dict[str, str], store_app: Flask
) -> None:
    environ = environ | {"REDIS_URL": "redis://127.0.0.1:1/0"}  # nowhere: it is not needed
    silence = "No worker of the webhooks queue on this host has sent a heartbeat lately.\n"
    assert ask(environ, "--queue", "webhooks") == (1, silence)
    deliverer = start("worker.webhooks")
    eventually(deliverer_heartbeat.is_beating)
    assert ask(environ, "--queue", "webhooks") == (0, "")
    deliverer.terminate()
    assert deliverer.wait(timeout=60) == 0
    assert ask(environ, "--queue", "webhooks") == (1, silence)


def test_a_deliverer_that_fell_silent_is_not_at_work(store_app: Flask) -> None:
    deliverer_heartbeat.beat()
    deliverer_heartbeat.beat()
    assert deliverer_heartbeat.is_beating()
    silent_since = now() - deliverer_heartbeat.LONGEST_SILENCE - timedelta(seconds=1)
    db.session.execute(update(LeaderLease).values(turned_at=silent_since))
    db.session.commit()
    assert not deliverer_heartbeat.is_beating()


def test_a_deliverer_of_another_host_does_not_count(store_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    deliverer_heartbeat.beat()
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    assert not deliverer_heartbeat.is_beating()
    deliverer_heartbeat.end()
    monkeypatch.undo()
    assert deliverer_heartbeat.is_beating()


@pytest.mark.usefixtures("processes")
def test_a_database_that_is_away_is_said_in_a_sentence(environ: dict[str, str]) -> None:
    code, said = ask(environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "--queue", "webhooks")
    assert code == 1
    assert said.startswith("Database unavailable: ")
    assert said.count("\n") == 1


@pytest.mark.usefixtures("processes")
def test_a_redis_that_is_away_is_said_in_a_sentence(environ: dict[str, str]) -> None:
    code, said = ask(environ | {"REDIS_URL": "redis://127.0.0.1:1/0"}, "--queue", "small")
    assert code == 1
    assert said.startswith("Redis unreachable: ")
    assert said.count("\n") == 1


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("words", [(), ("--queue", "middling"), ("--queue", "small", "--reconciler")])
def test_who_is_meant_must_be_said(words: tuple[str, ...]) -> None:
    assert ask(dict(os.environ), *words)[0] == 2
