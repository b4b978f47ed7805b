"""Fixtures that every room shares, and the tiers of tests.

``--tier quick`` leaves out what starts processes, but for one slice through all of it, and tries fewer examples: it is
what ``make test`` runs. ``--services debian`` runs the tests on PostgreSQL and Debian's Redis, as far as these can make
a difference; only this module knows of the choice. docs/testing.md says what is where.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from common.settings import Settings, read_settings
from store.database import bind, db
from store.files import Files
from tests.examples import load_profile
from tests.paths import ROOT
from tests.scheduling import ByPlace
from tests.services import DEBIAN, EMBEDDED, Services, redis_server, running

QUICK, ALL = "quick", "all"
SLICE = "_slice.py"  # what a file with such a name holds belongs to the quick tier although it starts processes
# The rooms that speak SQL or Redis themselves; all others reach both through these.
SPEAK_TO_SERVICES = ("common", "end_to_end", "faults", "launcher", "migrations", "store", "worker", "webapp/monitoring")
SPEAK_TO_SERVICES += ("webapp/security", "test_services.py")
_STARTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn")  # audit events
_may_start = True


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--services", choices=(EMBEDDED, DEBIAN), default=EMBEDDED, help="what the tests run on")
    parser.addoption("--tier", choices=(QUICK, ALL), default=ALL, help="how much of the tests runs")


def pytest_configure(config: pytest.Config) -> None:
    """End like Ctrl-C when told to stop, so that fixtures take down what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "processes: starts processes of its own (set by the fixture of that name)")
    load_profile(config.getoption("tier"))
    sys.addaudithook(_refuse_to_start)


def pytest_report_header(config: pytest.Config) -> str:
    return f"services: {config.getoption('services')}, tier: {config.getoption('tier')}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlace:
    """Share the tests out over processes by what they have in common."""
    return ByPlace(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what starts processes, and leave out what the tier or the services have no use for."""
    wanted, left_out = [], []
    for item in items:
        if "processes" in _fixtures(item):
            item.add_marker("processes")
        is_wanted = _is_wanted(item, config.getoption("tier"), config.getoption("services"))
        (wanted if is_wanted else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = wanted


def _is_wanted(item: pytest.Item, tier: str, services: str) -> bool:
    if tier == QUICK and item.get_closest_marker("processes") and not item.path.name.endswith(SLICE):
        return False
    if services == EMBEDDED:
        return True
    place = item.path.relative_to(ROOT / "tests").as_posix()
    return "services" in _fixtures(item) and place.startswith(SPEAK_TO_SERVICES)


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Hold each test to what it asked for: only ``processes`` lets it start some."""
    global _may_start
    _may_start = item.get_closest_marker("processes") is not None
    try:
        return (yield)
    finally:
        _may_start = True


def _refuse_to_start(event: str, _arguments: tuple[Any, ...]) -> None:
    if not _may_start and event in _STARTS:
        raise RuntimeError("this test starts a process: let it ask for the fixture processes")


@pytest.fixture(scope="session")
def processes() -> None:
    """Asked for by each test that starts processes, and by the fixtures that do."""


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
