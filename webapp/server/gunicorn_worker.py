"""A gunicorn logger that writes our log, and a gthread worker that spends no thread on idle or slow clients."""

from __future__ import annotations

import resource
import selectors
import socket
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import glogging, util
from gunicorn.errors import ConfigError
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.workers.gthread import ThreadWorker

from common import logs
from common.settings import read_log_format
from webapp.server import parse_errors
from webapp.server.client_socket import Connection

HEAD_SECONDS = 10.0  # within which the whole head of a request must arrive
LONGEST_HEAD = 1 << 16  # bytes
LINGER_SECONDS = 30.0  # for which the rest of an unread body is received and discarded after the response,
LINGER_SILENCE = 5.0  # unless it pauses for this many seconds
LINGER_BYTES = 1 << 30  # or is longer than this
STOP_SECONDS = 1.0  # the deadline for heads and lingering once the process is stopping
DRAIN_SECONDS = 0.1  # for which a thread waits for the rest of an unread body, to keep the connection
HEALTH_THREADS = 4  # reserved for health checks, so that they are answered while all other threads are busy
OPEN_FILES = 8192  # wanted as the soft limit; systems often start with 1024 and allow more on request
BETWEEN_LOOKS = 0.25
BETWEEN_LINES = 60.0
_HEALTH = tuple(b"GET %s%c" % (path, end) for path in (b"/healthz", b"/readyz") for end in b" ?")


class Logger(glogging.Logger):  # type: ignore[misc]  # it has no types
    """The logger that ``gunicorn.conf.py`` names; gunicorn's lines go where those of the application go."""

    def setup(self, cfg: Any) -> None:
        """Set up logging; gunicorn calls this when it starts and when it reloads its configuration."""
        super().setup(cfg)
        logs.set_up("web", read_log_format())
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


class Worker(ThreadWorker):  # type: ignore[misc]  # it has no types
    """The worker that ``gunicorn.conf.py`` names: only a request whose head is complete gets a thread.

    The main thread collects the heads of any number of clients at once, and discards what still arrives after a
    response. All methods run in it but ``handle_request``, ``handle_error`` and those with "keepalive" in their name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads: dict[Any, None] = {}  # gunicorn's connections, the oldest first
        self._lingering: dict[Any, None] = {}
        self._rubbish = bytearray(1 << 18)
        self._cut: Counter[str] = Counter()  # connections cut, by client address, since the last log line about them
        self._next_look = self._next_line = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse a configuration with TLS; gunicorn calls this before it starts."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("This worker speaks no TLS: a proxy in front of it does.")

    def init_process(self) -> None:
        """Raise the limit of open files, then serve until the process ends; gunicorn calls this in the new process."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        super().init_process()

    def get_thread_pool(self) -> Any:
        """Return the thread pool for requests, and make the one for health checks; called by ``init_process``."""
        self._health = ThreadPoolExecutor(HEALTH_THREADS, thread_name_prefix="health")
        return super().get_thread_pool()

    def enqueue_req(self, conn: Any) -> None:
        """Collect the head of the next request; gunicorn calls this for a new or a kept-alive connection."""
        if not isinstance(conn.sock, Connection):
            conn.sock = Connection(conn.sock)
        conn.init()
        conn.sock.setblocking(False)
        conn.sock.begin(conn.parser.unreader.take_buffered())
        self._heads[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read_head, conn))
        if conn.sock.head:  # it arrived together with the request before
            self._look_at(conn)
        if conn in self._heads and self.nr_conns >= self.worker_connections:
            self._make_room()

    def _read_head(self, conn: Any, connection: Connection) -> None:
        if conn not in self._heads:
            return  # it was closed a moment ago to make room for another
        try:
            came = connection.recv(LONGEST_HEAD)
        except BlockingIOError:
            return
        except OSError:
            came = b""
        connection.head += came
        if came:
            self._look_at(conn)
        else:
            self._end(conn)

    def _look_at(self, conn: Any) -> None:
        """Hand a head to a thread once it is complete, or once it can never be."""
        head = conn.sock.head
        if b"\r\n\r\n" in head or head.count(b"\n") != head.count(b"\r\n"):
            self._let_go(conn)
            conn.parser.unreader.unread(head)
            pool = self._health if head.startswith(_HEALTH) else self.tpool
            future = pool.submit(self.handle, conn)
            future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        elif len(head) > LONGEST_HEAD:
            self._let_go(conn)
            self.handle_error(None, conn.sock, conn.client, LimitRequestHeaders("the head does not end"))
            self._linger(conn)

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Handle a request in its thread, with the deadline of an ordinary body."""
        # gunicorn would send 100 Continue at once; the connection sends it when the body is read.
        conn.sock.await_body(owes_continue=req._expected_100_continue)
        req._expected_100_continue = False
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:  # TCP_USER_TIMEOUT, for a client that acknowledges nothing of the response
            conn.sock.was_cut = True
            return False

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Return whether to keep the connection, in the request's thread; with more of the body to come it lingers."""
        if not keepalive or conn.sock.owes_continue:
            return False
        return bool(conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Refuse a request: gunicorn logs it and chooses the status code, the body is ours."""
        overheard = _Overheard()
        super().handle_error(req, overheard, addr, exc)
        try:
            util.write_nonblock(client, parse_errors.answer(overheard.code(), getattr(client, "head", b"")))
        except OSError:
            pass  # the client has gone

    def finish_request(self, conn: Any, fs: Future[bool]) -> None:
        """Keep the connection after a request, or let it linger."""
        if conn.sock.was_cut:
            self._count_cut(conn)
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def _linger(self, conn: Any) -> None:
        """Shut down our side, and close once the client has closed its own: else a reset may cost it the response."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._throw_away, conn))
        except (OSError, ValueError):
            self._end(conn)
            return
        conn.sock.begin()
        self._lingering[conn] = None

    def _throw_away(self, conn: Any, connection: Connection) -> None:
        if conn not in self._lingering:
            return
        try:
            count = connection.recv_into(self._rubbish)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        connection.heard = time.monotonic()
        connection.thrown_away += count
        if count == 0 or connection.thrown_away > LINGER_BYTES:
            self._end(conn)

    def murder_pending(self) -> None:
        """Close connections that missed a deadline; gunicorn calls this at least once a second."""
        super().murder_pending()
        present = time.monotonic()
        if present < self._next_look:
            return
        self._next_look = present + BETWEEN_LOOKS
        for_a_head = HEAD_SECONDS if self.alive else STOP_SECONDS
        for conn in [conn for conn in self._heads if present - conn.sock.begun > for_a_head]:
            self._cut_head(conn)
        pause = LINGER_SILENCE if self.alive else STOP_SECONDS
        for conn in list(self._lingering):
            if present - conn.sock.heard > pause or present - conn.sock.begun > LINGER_SECONDS:
                self._end(conn)
        if self._cut and (present >= self._next_line or not self.alive):
            self._next_line = present + BETWEEN_LINES
            self._tell_of_cuts()

    def _make_room(self) -> None:
        """Close the connection that has waited longest, so that the next client can connect."""
        if len(self._heads) > 1:
            self._cut_head(next(iter(self._heads)))
        elif self._lingering:
            self._end(next(iter(self._lingering)))

    def _cut_head(self, conn: Any) -> None:
        if conn.sock.head:  # browsers open connections in advance and send nothing on them
            self._count_cut(conn)
        self._end(conn)

    def _count_cut(self, conn: Any) -> None:
        self._cut[str(conn.client[0] if isinstance(conn.client, tuple) else conn.client)] += 1

    def _tell_of_cuts(self) -> None:
        ((address, most),) = self._cut.most_common(1)
        words = "connections cut because their clients were too slow or silent: %d, of which %d from %s"
        self.log.warning(words, self._cut.total(), most, address)
        self._cut.clear()

    def _let_go(self, conn: Any) -> None:
        for waiting in (self._heads, self._lingering):
            if conn in waiting:
                del waiting[conn]
                self.poller.unregister(conn.sock)

    def _end(self, conn: Any) -> None:
        self._let_go(conn)
        self.nr_conns -= 1
        conn.close()


class _Overheard:
    """Stand-in for the client's socket while gunicorn refuses a request, from which to read the status code."""

    def __init__(self) -> None:
        self._said = b""

    def gettimeout(self) -> float:
        return 0.0

    def sendall(self, data: bytes) -> None:
        self._said += data

    def code(self) -> int:
        words = self._said.split(None, 2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 400
