"""A real gunicorn, started as the Procfile says: clients that are refused hear why, also in the midst of sending."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.webapp.server.served import Served, answer_of, many, rest, upload_head

Bearer = Callable[..., dict[str, str]]
BIG = 100_000_000


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
