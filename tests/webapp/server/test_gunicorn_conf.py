"""gunicorn.conf.py: gunicorn knows each of its settings, and listens at HOST and PORT."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
import sys
from typing import Any

import pytest
from gunicorn.config import Config

from tests.paths import ROOT
from webapp.server.gunicorn_worker import Logger, Worker

CONF = ROOT / "gunicorn.conf.py"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the file sets, on an address of IPv6."""
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PORT", "8123")
    return read()


def read() -> dict[str, Any]:
    assigned = [node.targets[0] for node in ast.parse(CONF.read_text()).body if isinstance(node, ast.Assign)]
    found = runpy.run_path(str(CONF))
    return {target.id: found[target.id] for target in assigned if isinstance(target, ast.Name)}


def test_gunicorn_knows_each_name_and_takes_its_value(named: dict[str, Any]) -> None:
    config = Config()
    for name, value in named.items():
        assert name in config.settings, f"gunicorn has no setting {name}, and would pass over it in silence"
        config.set(name, value)
    assert (config.worker_class, config.logger_class) == (Worker, Logger)
    assert config.address == [("::1", 8123)]
    assert (config.workers, config.threads) == (2, 128)
    assert config.control_socket_disable


@pytest.mark.parametrize(
    ("host", "port", "bind"),
    [
        ("", "", "127.0.0.1:8000"),
        ("0.0.0.0", "80", "0.0.0.0:80"),
        ("::", "8000", "[::]:8000"),
        ("[::1]", "8000", "[::1]:8000"),
        ("site.example", "8000", "site.example:8000"),
    ],
)
def test_it_listens_at_host_and_port(monkeypatch: pytest.MonkeyPatch, host: str, port: str, bind: str) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", port)
    assert read()["bind"] == bind


@pytest.mark.usefixtures("processes")
def test_a_wrong_port_stops_gunicorn_with_a_sentence() -> None:
    words = [sys.executable, "-m", "gunicorn", "webapp:create_app()"]
    ended = subprocess.run(words, env=os.environ | {"PORT": "many"}, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode != 0
    assert ended.stderr == "PORT should be a whole number, but is 'many'.\n"
