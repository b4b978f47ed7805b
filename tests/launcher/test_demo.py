"""The demo's client: whatever is missing is said in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

WRONG = "Wrong username or password."  # as the site says it


class Refuser(BaseHTTPRequestHandler):
    """A site on which nobody's password is right."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"message": WRONG, "type": "x"}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        pass


@pytest.fixture
def refusing_port() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Refuser)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield str(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    path = tmp_path / "plays.csv"
    path.write_text("Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n")
    return path


def run(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code and what was printed, without a terminal in reach."""
    done = subprocess.run(
        [sys.executable, "-m", "launcher.demo", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.usefixtures("processes")
def test_without_a_terminal_and_a_password_it_says_what_to_set(environ: dict[str, str], plays: Path) -> None:
    assert run(environ, str(plays)) == (2, "Name the administrator's password: ADMIN_PASSWORD=... make demo\n")


@pytest.mark.usefixtures("processes")
def test_a_wrong_password_is_a_sentence(environ: dict[str, str], refusing_port: str, plays: Path) -> None:
    code, printed = run(environ | {"PORT": refusing_port, "ADMIN_PASSWORD": "wrong horse"}, str(plays))
    assert (code, printed) == (1, f"{WRONG}\n")


@pytest.mark.usefixtures("processes")
def test_a_site_that_does_not_run_is_a_sentence(environ: dict[str, str], plays: Path) -> None:
    code, printed = run(environ | {"ADMIN_PASSWORD": "correct horse"}, str(plays))
    assert (code, printed) == (2, f"Nothing answers at http://127.0.0.1:{environ['PORT']}. Start it first: make run\n")


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("arguments", [(), ("nowhere.csv",), (".",)])
def test_without_a_file_it_says_so(environ: dict[str, str], arguments: tuple[str, ...]) -> None:
    code, printed = run(environ | {"ADMIN_PASSWORD": "correct horse"}, *arguments)
    assert (code, printed.count("\n"), "Traceback" in printed) == (2, 1, False)
