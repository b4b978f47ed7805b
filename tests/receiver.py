"""A real receiver of webhooks: an HTTP server that keeps what it got and answers as the test wants."""

from __future__ import annotations

import itertools
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]  # by their names in lower case
    body: bytes

    def verified(self, secret: str) -> dict[str, Any]:
        """What it says, if it was signed with this secret."""
        event: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return event


@dataclass
class Receiver:
    """What it got so far; ``statuses`` are its next answers, and then it says 204."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    got: list[Got] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)  # of its answers
    body: bytes = b""  # of its answers
    seconds: float = 0.0  # that it takes for an answer, unless the test is over before
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"


@contextmanager
def receiving(*, port: int = 0, tls: ssl.SSLContext | None = None, **as_told: Any) -> Iterator[Receiver]:
    """A receiver that listens on this machine within the block."""
    receiver = Receiver(scheme="https" if tls else "http", **as_told)
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(receiver)) as server:
        receiver.port = server.server_port
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.over.set()
            server.shutdown()
            thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            receiver.over.wait(receiver.seconds)
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.body)

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, ssl.SSLError):
                pass  # whoever sent has gone

        def log_message(self, *_words: Any) -> None:
            pass

    return Handler


@contextmanager
def dripping(head: bytes, pause: float) -> Iterator[int]:
    """The port of a receiver that answers ``head`` and then "x" for ever, a byte at a time with pauses."""

    def drip(over: threading.Event) -> Iterator[bytes]:
        for byte in itertools.chain(head, itertools.repeat(ord("x"))):
            if over.wait(pause):
                return
            yield bytes([byte])

    with _raw(drip) as port:
        yield port


@contextmanager
def saying(words: bytes) -> Iterator[int]:
    """The port of a receiver that says these words, whatever they are, and closes the connection."""
    with _raw(lambda _over: iter([words])) as port:
        yield port


@contextmanager
def _raw(answer: Callable[[threading.Event], Iterator[bytes]]) -> Iterator[int]:
    over = threading.Event()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            try:
                for piece in answer(over):
                    self.request.sendall(piece)
            except ConnectionError:
                pass  # whoever asked has gone

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            over.set()
            server.shutdown()
            thread.join()


def seconds_of(call: Any) -> float:
    """How long a call takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began
