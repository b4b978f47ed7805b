"""As much of a site as resumable uploads need, with a mishap for each piece that is sent, if the test wants some."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JOB = "3f2b8c1d9e7a4f60b5d2c3e4f5a6b7c8"
PLACE = "/api/v1/uploads/1"
KEPT_OF_A_CUT_PIECE = 1000


class TusStub(ThreadingHTTPServer):
    """One upload; ``mishaps`` are taken one for each PATCH: cut, lost, busy, conflict, or empty for none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.mishaps: list[str] = []
        self.length, self.metadata, self.content = 0, "", b""
        self.lock = threading.Lock()
        self.made = 0
        self.refusal: dict[str, object] | None = None  # what the last piece is answered with
        self.stands = threading.Event()  # a piece is held, because of the mishap "hold"
        self.access = "first"


class _Answers(BaseHTTPRequestHandler):
    server: TusStub

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/api/refresh/":
            self.server.access = "second"
            return self._answer(200, body=json.dumps({"access": "second"}).encode())
        assert self.path == "/api/v1/uploads"
        self.server.made += 1
        self.server.length = int(self.headers["Upload-Length"])
        self.server.metadata = self.headers["Upload-Metadata"]
        self.server.content = b""
        return self._answer(201, {"Location": f"{self.server.base}{PLACE}"})

    def do_HEAD(self) -> None:
        if self.headers["Authorization"] != f"Bearer {self.server.access}":
            return self._answer(401)
        if not self.server.made:
            return self._answer(404)
        return self._answer(200, self._standing())

    def do_PATCH(self) -> None:
        assert self.path == PLACE
        assert self.headers["Content-Type"] == "application/offset+octet-stream"
        mishap = self.server.mishaps.pop(0) if self.server.mishaps else ""
        length = int(self.headers["Content-Length"])
        if mishap == "busy":
            self.rfile.read(length)
            return self._answer(503, {"Retry-After": "0"})
        if mishap == "conflict" or int(self.headers["Upload-Offset"]) != len(self.server.content):
            self.rfile.read(length)
            return self._answer(409, body=b'{"detail": "another offset"}')
        if mishap in ("cut", "hold"):
            self.server.content += self.rfile.read(KEPT_OF_A_CUT_PIECE)
            if mishap == "hold":
                self.server.stands.set()
                self.rfile.read(length)
            return self._hang_up()
        self.server.content += self.rfile.read(length)
        if mishap == "lost":
            return self._hang_up()
        if self.server.refusal and len(self.server.content) == self.server.length:
            return self._answer(409, body=json.dumps(self.server.refusal).encode())
        return self._answer(204, self._standing())

    def do_GET(self) -> None:
        job = {"id": JOB, "options": {"bad_rows": "skip"}, "is_final": True, "state": "done"}
        self._answer(200, body=json.dumps(job).encode())

    def _standing(self) -> dict[str, str]:
        so_far = len(self.server.content)
        is_whole = so_far == self.server.length
        return {"Upload-Offset": str(so_far), **({"Playtally-Job": JOB} if is_whole else {})}

    def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_words: object) -> None:
        pass
