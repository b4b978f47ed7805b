"""A launcher as a real process, with a data folder and a port of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import children, eventually, is_alive
from tests.services import Services

Launch = Callable[..., "Launched"]
PROGRAMS = ("gunicorn", "--queue small", "--queue large", "worker.reconciler", "worker.webhooks")


class Launched:
    """A launcher that was started, and what it printed."""

    def __init__(self, environ: dict[str, str], printed: Path) -> None:
        self.programs = PROGRAMS if environ["REDIS_URL"] else ("valkey-server", *PROGRAMS)
        self.printed = printed
        with printed.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher"], env=environ, stdout=file, stderr=subprocess.STDOUT
            )

    @property
    def text(self) -> str:
        return self.printed.read_text()

    def wait_until_it_serves(self) -> None:
        eventually(lambda: "Ctrl-C stops it" in self.text or self.process.poll() is not None)
        assert self.process.poll() is None, self.text

    def end(self) -> None:
        """Whatever it does: it and its children go."""
        orphans = children(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in orphans:
            if is_alive(pid):
                os.killpg(pid, signal.SIGKILL)


@pytest.fixture
def environ(tmp_path: Path, services: Services) -> Iterator[dict[str, str]]:
    """A folder, database and Redis of the test's own, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {"DATA_DIR": str(tmp_path / "data"), "PORT": str(port), "HOST": "127.0.0.1", "ADMIN_PASSWORD": ""}
    ours |= {"SECRET_KEY": "", "WORKERS": "1"}
    with services.of_a_site(tmp_path) as addresses:
        yield os.environ | ours | addresses


@pytest.fixture
def launch(processes: None, environ: dict[str, str], tmp_path: Path) -> Iterator[Launch]:
    """Starts a launcher; it ends with the test."""
    started: list[Launched] = []

    def run(**more: str) -> Launched:
        launched = Launched(environ | more, tmp_path / f"printed-{len(started)}")
        started.append(launched)
        return launched

    yield run
    for launched in started:
        launched.end()
