"""A client's connection as our worker of gunicorn keeps it: it knows for how long to wait for what comes."""

from __future__ import annotations

import math
import socket
import time

BODY_SECONDS = 30.0  # in which the body of an ordinary request comes, all in all
SILENT_SECONDS = 60.0  # after which a file's body from which nothing came is taken for broken off
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(socket.socket):
    """Read by the worker's main thread while no request is on it, else by the thread of the request."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(fileno=accepted.detach())
        if self.family in (socket.AF_INET, socket.AF_INET6):  # and what is sent is taken within the same time
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(SILENT_SECONDS * 1000))
        self.head = b""  # what came of the next request, or of the present one
        self.begun = self.heard = time.monotonic()  # when the head or the lingering began, and when bytes came
        self.thrown_away = 0  # bytes, while it lingers
        self.was_cut = False
        self.owes_continue = False  # the client sends its body once it is told to
        self._end = self._silence = math.inf

    def begin(self, head: bytes = b"") -> None:
        """A new head, of which so much is there, or the time after the last answer."""
        self.begun = self.heard = time.monotonic()
        self.head, self.thrown_away = head, 0

    def await_body(self, *, owes_continue: bool) -> None:
        """What is read from now on is the body of an ordinary request, until :meth:`await_file`."""
        self.owes_continue, self.was_cut = owes_continue, False
        self._end, self._silence = time.monotonic() + BODY_SECONDS, math.inf

    def await_file(self, silence: float | None = None) -> None:
        """The body is a file: it may take as long as it takes, if only bytes come."""
        self._end, self._silence = math.inf, SILENT_SECONDS if silence is None else silence

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As ever; but raises TimeoutError where the body does not come within its time."""
        given = self.gettimeout()
        if given == 0:
            return super().recv(size, flags)
        if self.owes_continue:  # only now: a body that is refused by its head need not be sent
            self.owes_continue = False
            self.sendall(_CONTINUE)
        left = min(self._silence, self._end - time.monotonic())
        if math.isinf(left) or (given is not None and given < left):
            return super().recv(size, flags)
        try:
            self.settimeout(max(left, 0.001))
            return super().recv(size, flags)
        except TimeoutError:
            self.was_cut = True
            raise
        finally:
            self.settimeout(given)
