"""Limits while Redis is away, hangs or is back."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from common.settings import Settings
from tests.accounts import PASSWORD
from tests.processes import eventually
from tests.services import RedisServer, Services, redis_server
from tests.webapp.asking import fail, log_in, send
from tests.webapp.conftest import MakeApp

Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def redis_of_its_own(services: Services, tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(services.redis_binary, tmp_path) as server:
        yield server


@pytest.fixture
def mortal(app: Flask, settings: Settings, redis_of_its_own: RedisServer, another_app: MakeApp) -> FlaskClient:
    """A client of an application whose Redis the test may kill."""
    return another_app(replace(settings, redis_url=redis_of_its_own.url)).test_client()


def test_without_redis_limits_hold_and_nothing_fails(
    mortal: FlaskClient, redis_of_its_own: RedisServer, bearer: Bearer
) -> None:
    assert fail(mortal, 3) == [401] * 3
    redis_of_its_own.kill()
    began = time.monotonic()
    assert fail(mortal, 11) == [401] * 10 + [429]
    assert time.monotonic() - began < 5
    assert log_in(mortal, "bert", PASSWORD).status_code == 200
    sent = send(mortal, "/api/process_file/", bearer("bert"))
    assert sent.status_code == 201
    assert re.fullmatch(r'"uploads";r=299;t=(60|5\d)', sent.headers["RateLimit"])


@pytest.mark.usefixtures("processes")
def test_once_redis_is_back_it_counts_again(mortal: FlaskClient, redis_of_its_own: RedisServer) -> None:
    redis_of_its_own.kill()
    assert fail(mortal, 2) == [401] * 2
    redis_of_its_own.start()
    with Redis.from_url(redis_of_its_own.url) as connection:

        def is_counted() -> bool:
            log_in(mortal, "nobody")
            return bool(connection.keys("LIMITS*"))

        eventually(is_counted)
    assert log_in(mortal, password=PASSWORD).status_code == 200


@pytest.fixture
def hanging(mortal: FlaskClient, redis_of_its_own: RedisServer) -> Iterator[FlaskClient]:
    """The same client; its Redis answered once, and takes connections only from then on."""
    log_in(mortal)
    process = redis_of_its_own._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    yield mortal
    os.kill(process.pid, signal.SIGCONT)


def test_a_redis_that_hangs_holds_nobody_up(hanging: FlaskClient) -> None:
    for _ in range(3):
        began = time.monotonic()
        assert log_in(hanging, password=PASSWORD).status_code == 200
        assert time.monotonic() - began < 1.5


def test_calls_that_find_a_redis_hanging_at_the_same_moment_all_go_on(hanging: FlaskClient) -> None:
    site = hanging.application
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda _: log_in(site.test_client(), password=PASSWORD).status_code, range(8))
        assert list(answers) == [200] * 8
