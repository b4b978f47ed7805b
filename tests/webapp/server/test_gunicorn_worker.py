"""A real gunicorn, started as the Procfile says: what slow and odd clients do to it, and what all others notice."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.processes import eventually
from tests.webapp.server import hasty
from tests.webapp.server.served import JSON_POST, Served, answer_of, is_still_open, many, rest, upload_head
from webapp.uploads.request_body import SLOW

Bearer = Callable[..., dict[str, str]]


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
