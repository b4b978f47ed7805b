"""A gunicorn that serves the site, and clients of it that know no HTTP of their own."""

from __future__ import annotations

import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.settings import Settings
from launcher import programs
from tests.paths import ROOT
from tests.processes import bound_to_us, eventually

JSON_POST = b"POST /api/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{"
CUT = re.compile(r"connections cut because their clients were too slow or silent: (\d+), of which (\d+) from 127.0.0.1")


@dataclass
class Served:
    """A gunicorn that runs."""

    port: int
    process: subprocess.Popen[bytes]
    printed: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection over which so much has gone."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(sent)
        return connection

    def answers(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.base}{path}", timeout=60) as answer:
            assert answer.status == 200
            return bytes(answer.read())

    def cut(self) -> list[int]:
        """How many connections each line in the log says were cut."""
        return [int(found[1]) for found in CUT.finditer(self.printed.read_text())]


@contextmanager
def serving(settings: Settings, printed: Path) -> Iterator[Served]:
    """A gunicorn with the short times of tests/webapp/server/hasty.py; what it prints goes to a file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
    }
    command = programs.of_procfile(ROOT / "Procfile", 1)[0].command
    command = command.replace("webapp:create_app()", "tests.webapp.server.hasty:create_app()")
    with printed.open("wb") as file:
        words = ["/bin/sh", "-c", f"exec {command}"]
        process = bound_to_us(words, signal.SIGTERM, env=environ, cwd=ROOT, stdout=file, stderr=file)
    server = Served(port, process, printed)
    try:
        eventually(lambda: process.poll() is not None or is_open(port))
        assert server.answers("/healthz") == b"ok"
        yield server
    finally:
        process.terminate()
        process.wait(60)
        print(printed.read_text())
    assert '"level": "error"' not in printed.read_text()


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def rest(connection: socket.socket) -> bytes:
    """All that still comes, until the other side closes."""
    said = b""
    try:
        while piece := connection.recv(1 << 16):
            said += piece
    except ConnectionError:
        pass
    return said


def is_still_open(connection: socket.socket) -> bool:
    """Whether neither an answer nor the end has come."""
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return not poller.poll(0)


def many(served: Served, count: int, sent: bytes, stack: ExitStack) -> list[socket.socket]:
    return [stack.enter_context(served.connect(sent)) for _ in range(count)]


def upload_head(headers: dict[str, str], length: int, more: str = "") -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    kind = f"Content-Type: text/csv\r\nContent-Length: {length}\r\n{more}"
    return f"POST /api/v1/jobs?file_name=a.csv HTTP/1.1\r\nHost: x\r\n{''.join(lines)}{kind}\r\n".encode()


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()
