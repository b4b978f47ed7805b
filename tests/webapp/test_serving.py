"""A real gunicorn, started as the Procfile says: what slow and odd clients do to it, and what all others notice."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from launcher import programs
from store.settings import Settings
from tests.processes import bound_to_us, eventually
from tests.webapp import hasty
from webapp.bodies import SLOW

Bearer = Callable[..., dict[str, str]]
TOP = Path(__file__).parents[2]
BIG = 100_000_000
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


@pytest.fixture
def served(app: Flask, settings: Settings, tmp_path: Path) -> Iterator[Served]:
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
    command = programs.of_procfile(TOP / "Procfile", 1)[0].command
    command = command.replace("webapp:create_app()", "tests.webapp.hasty:create_app()")
    printed = tmp_path / "printed"
    with printed.open("wb") as file:
        words = ["/bin/sh", "-c", f"exec {command}"]
        process = bound_to_us(words, signal.SIGTERM, env=environ, cwd=TOP, stdout=file, stderr=file)
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


def test_clients_that_send_half_a_head_hold_up_nobody_and_are_cut_with_a_line_in_the_log(served: Served) -> None:
    with ExitStack() as stack:
        silent = many(served, 200, b"GET / HT", stack)
        for path in ("/healthz", "/readyz", "/help/problems"):
            served.answers(path)
        assert all(is_still_open(connection) for connection in silent)
        assert {rest(connection) for connection in silent} == {b""}
    eventually(lambda: sum(served.cut()) > 0)
    assert len(served.cut()) <= 2  # for each process one


def test_a_head_that_dribbles_gets_no_more_time_than_one_that_stops(served: Served) -> None:
    with served.connect(b"GET /healthz HTTP/1.1\r\nA: ") as connection:
        began = time.monotonic()
        while is_still_open(connection):
            assert time.monotonic() - began < 60
            time.sleep(0.3)
            try:
                connection.sendall(b"x")
            except ConnectionError:
                break


def test_bodies_that_stop_are_ended_and_health_answers_meanwhile(served: Served) -> None:
    with ExitStack() as stack:
        halves = many(served, 300, JSON_POST, stack)
        served.answers("/healthz")
        served.answers("/readyz")
        assert sum(is_still_open(connection) for connection in halves) > 250
        for connection in halves[:5]:
            answer = rest(connection)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert SLOW.encode() in answer
        served.answers("/help/problems")  # for which threads are free again


def test_a_body_that_dribbles_gets_no_more_time_than_one_that_stops(served: Served) -> None:
    with served.connect(JSON_POST) as connection:
        began = time.monotonic()
        while is_still_open(connection):
            assert time.monotonic() - began < 60
            time.sleep(0.5)
            connection.sendall(b" ")
        assert SLOW.encode() in rest(connection)


def test_slow_uploads_arrive_however_many_and_health_answers_meanwhile(served: Served, bearer: Bearer) -> None:
    with ExitStack() as stack:
        uploads = []
        for number in range(100):
            content = f"Song,Date,Number of Plays\nSong {number},2020-01-02,{number}\n".encode()
            head = upload_head(bearer(), len(content))
            uploads.append((stack.enter_context(served.connect(head)), content))
        began, sent = time.monotonic(), 0
        while time.monotonic() - began < 1.5 * hasty.SILENT:  # more than an ordinary body gets, too
            for connection, content in uploads:
                connection.sendall(content[sent : sent + 1])
            sent += 1
            assert served.answers("/healthz") == b"ok"
            assert json.loads(served.answers("/readyz"))["ready"]
            time.sleep(0.5)
        for connection, content in uploads:
            connection.sendall(content[sent:])
        assert {answer_of(connection)[0] for connection, _ in uploads} == {202}
    assert served.cut() == []


def test_an_upload_from_which_nothing_comes_any_more_is_ended(served: Served, bearer: Bearer) -> None:
    with served.connect(upload_head(bearer(), 1000) + b"Song,") as connection:
        answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert eventually(served.cut) == [1]


def upload_head(headers: dict[str, str], length: int, more: str = "") -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    kind = f"Content-Type: text/csv\r\nContent-Length: {length}\r\n{more}"
    return f"POST /api/v1/jobs?file_name=a.csv HTTP/1.1\r\nHost: x\r\n{''.join(lines)}{kind}\r\n".encode()


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def test_a_client_that_takes_nothing_of_an_answer_is_cut(served: Served) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"GET /static/vendor/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        assert has_server_side(served.port, connection)
        eventually(lambda: not has_server_side(served.port, connection))


def has_server_side(port: int, connection: socket.socket) -> bool:
    """Whether the server still holds its end of the connection."""
    ends = (port, connection.getsockname()[1])
    there = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(tuple(int(end.split(":")[1], 16) for end in line[:2]) == ends and line[2] == "01" for line in there)


def test_clients_that_do_not_close_after_their_last_answer_hold_up_nobody(served: Served) -> None:
    with ExitStack() as stack:
        began = time.monotonic()
        idle = many(served, 60, b"GET /healthz HTTP/1.0\r\n\r\n", stack)
        assert {answer_of(connection) for connection in idle} == {(200, b"ok")}
        served.answers("/help/problems")
        assert time.monotonic() - began < 30  # at two seconds for each, in two processes, it would be a minute
        assert {rest(connection) for connection in idle} == {b""}


def test_requests_follow_each_other_on_a_connection_however_they_are_cut(served: Served) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with served.connect(one) as connection:
        assert answer_of(connection) == (200, b"ok")
        for piece in (one[:20], one[20:] + one + one[:5], one[5:-2], b"\r\n"):
            connection.sendall(piece)
            time.sleep(0.2)
        said = b""
        while said.count(b"\r\n\r\nok") < 3:
            piece = connection.recv(1 << 16)
            assert piece
            said += piece
    with served.connect(JSON_POST.replace(b"Content-Length: 60", b"Content-Length: 1") + one) as connection:
        said = b""
        while not said.endswith(b"\r\n\r\nok"):  # also where a body lies between
            piece = connection.recv(1 << 16)
            assert piece
            said += piece


def test_half_a_head_behind_a_request_holds_no_thread(served: Served) -> None:
    one = b"GET /help/problems HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        halves = many(served, 300, one + one[:9], stack)
        served.answers("/help/problems")
        assert {connection.recv(15) for connection in halves} == {b"HTTP/1.1 200 OK"}


def pieces() -> Iterator[bytes]:
    for _ in range(BIG // 1_000_000):
        yield b"x" * 1_000_000


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "chunked"])
def test_http_client_sees_why_a_big_upload_was_refused(served: Served, is_chunked: bool) -> None:
    client = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    headers = {"Authorization": "Bearer wrong", "Content-Type": "text/csv"}
    length = {} if is_chunked else {"Content-Length": str(BIG)}
    client.request("POST", "/api/process_file/", pieces(), headers | length, encode_chunked=is_chunked)
    with client.getresponse() as answer:
        assert answer.status == 401
        assert set(json.loads(answer.read())) >= {"message", "type"}
    client.close()


def test_urllib_sees_why_a_big_upload_was_refused(served: Served) -> None:
    headers = {"Authorization": "Bearer wrong", "Content-Type": "text/csv"}
    request = urllib.request.Request(f"{served.base}/api/v1/jobs", b"x" * BIG, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=120)
    assert refused.value.code == 401
    assert json.loads(refused.value.read())["status"] == 401


def test_a_body_that_goes_on_for_ever_after_the_answer_is_ended(served: Served) -> None:
    head = b"POST /api/process_file/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n"
    with ExitStack() as stack:
        senders = many(served, 300, head, stack)
        assert answer_of(senders[0])[0] == 401
        served.answers("/healthz")
        served.answers("/help/problems")
        began = time.monotonic()
        with pytest.raises(ConnectionError):  # whose time was over
            send_for_ever(senders[0])
        assert time.monotonic() - began < 60


def send_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x")
        time.sleep(0.2)


def test_who_asks_before_sending_is_answered_without_sending(served: Served, bearer: Bearer) -> None:
    expect = "Expect: 100-continue\r\n"
    with served.connect(upload_head({"Authorization": "Bearer wrong"}, BIG, expect)) as connection:
        assert rest(connection).startswith(b"HTTP/1.1 401 ")
    content = b"Song,Date,Number of Plays\na,2020-01-02,1\n"
    with served.connect(upload_head(bearer(), len(content), expect)) as connection:
        told = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(len(told), socket.MSG_WAITALL) == told
        connection.sendall(content)
        assert answer_of(connection)[0] == 202


TWICE = "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
LONG = f"X: {'x' * 9000}\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "kind", "key"),
    [
        ("/", "text/plain", None),
        ("/api/login/", "application/json", "message"),
        ("/api/v1/jobs", "application/problem+json", "detail"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_in_words_for_its_asker(
    served: Served, path: str, kind: str, key: str | None
) -> None:
    for code, lines in ((400, TWICE), (431, LONG), (400, "a b\r\n\r\n"), (501, "Transfer-Encoding: odd\r\n\r\n")):
        with served.connect(f"POST {path} HTTP/1.1\r\nHost: x\r\n{lines}".encode()) as connection:
            head, _, body = rest(connection).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {code} ".encode())
        assert f"Content-Type: {kind}".encode() in head
        sentence = json.loads(body)[key] if key else body.decode()
        assert sentence.startswith("The ")
        assert "CONTENT-LENGTH" not in sentence


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x16\x03\x01\x02\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, 431),
    ],
)
def test_what_is_no_request_is_refused_at_once(served: Served, sent: bytes, code: int) -> None:
    with served.connect(sent) as connection:
        assert rest(connection).startswith(f"HTTP/1.1 {code} ".encode())


def test_more_connections_than_a_process_keeps_make_room_for_who_comes_next(served: Served) -> None:
    with ExitStack() as stack:
        many(served, 2500, b"GET / HT", stack)
        for path in ("/healthz", "/readyz", "/help/problems"):
            served.answers(path)


def test_connections_that_wait_do_not_keep_a_process_from_ending(served: Served) -> None:
    with ExitStack() as stack:
        many(served, 20, b"GET / HT", stack)
        served.answers("/healthz")
        began = time.monotonic()
        served.process.terminate()
        served.process.wait(60)
        assert time.monotonic() - began < 30
