"""The client's socket as our gunicorn worker keeps it: a socket with deadlines for heads, bodies and files."""

from __future__ import annotations

import math
import socket
import time

BODY_SECONDS = 30.0  # within which the whole body of an ordinary request must arrive
SILENT_SECONDS = 60.0  # without a byte of a file, after which its connection counts as broken
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(socket.socket):
    """A client's socket, read by the main thread between requests and by the request's thread during one."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(fileno=accepted.detach())
        if self.family in (
            socket.AF_INET,
            socket.AF_INET6,
        ):  # the client must acknowledge data in time, too
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(SILENT_SECONDS * 1000))
        self.head = b""  # the bytes received so far of the next request's head, or of the current one
        self.begun = self.heard = time.monotonic()  # when the head or the lingering began, and when bytes arrived
        self.thrown_away = 0  # bytes discarded while it lingers
        self.was_cut = False
        self.owes_continue = False  # the client waits for 100 Continue before it sends its body
        self._end = self._silence = math.inf

    def begin(self, head: bytes = b"") -> None:
        """Start the clock for a new head, of which ``head`` has arrived, or for lingering after the last response."""
        self.begun = self.heard = time.monotonic()
        self.head, self.thrown_away = head, 0

    def await_body(self, *, owes_continue: bool) -> None:
        """Read the body of an ordinary request from now on, until :meth:`await_file`."""
        self.owes_continue, self.was_cut = owes_continue, False
        self._end, self._silence = time.monotonic() + BODY_SECONDS, math.inf

    def await_file(self, silence: float | None = None) -> None:
        """Treat the body as a file: it may take any time, but must not pause for more than ``silence`` seconds."""
        self._end, self._silence = math.inf, SILENT_SECONDS if silence is None else silence

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive as a plain socket does, but raise TimeoutError if the body misses its deadline."""
        given = self.gettimeout()
        if given == 0:
            return super().recv(size, flags)
        if self.owes_continue:  # only now: a body that its head gets refused need not be sent
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
