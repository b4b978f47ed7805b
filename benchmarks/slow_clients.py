"""Slow clients against a site: how long a health check and a page take while they stay connected.

``python -m benchmarks.slow_clients`` starts a site with gunicorn's own gthread worker, then one with ours, and attacks
each over loopback, bare and behind nginx (skipped where there is none: apt-get install nginx-light). That nginx buffers
requests except uploads, as docs/operating.md advises. Clients reconnect when they are cut off. Takes half an hour.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.site import running_site

SERVERS = {"gthread": "--worker-class gthread", "ours": ""}  # overrides gunicorn.conf.py
HEALTH, PAGE = "/healthz", "/sign-in"
LARGE = b"GET /static/vendor/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 10.0  # seconds until a request counts as unanswered
NGINX = """
{user}
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 0;
        proxy_http_version 1.1;
        location / {{ proxy_pass {site}; }}
        location ~ ^/($|api/process_file/|api/v1/(jobs|uploads)) {{ proxy_pass {site}; proxy_request_buffering off; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """What each client sends first and then every second; one that reads takes a byte of its answer every second."""

    name: str
    opening: bytes
    each_second: bytes = b""
    reads: bool = False


def attacks(token: str) -> list[Attack]:
    """Return all attacks; ``token`` signs in the uploads."""
    body = b"Host: x\r\nContent-Type: application/json\r\nContent-Length: 6000\r\n\r\n"
    upload = f"Authorization: Bearer {token}\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 6000\r\n\r\n"
    return [
        Attack("none", b""),
        Attack("half a head, then nothing", b"GET / HT"),
        Attack("a head, a byte a second", b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"x"),
        Attack("a body, a byte a second", b"POST /api/login/ HTTP/1.1\r\n" + body, b" "),
        Attack("a small answer, never closed", f"GET {PAGE} HTTP/1.0\r\n\r\n".encode(), reads=True),
        Attack("large answers, a byte a second", LARGE * 20, reads=True),  # more than socket buffers hold
        Attack("an upload, a byte a second", b"POST /api/v1/jobs?file_name=a.csv HTTP/1.1\r\n" + upload.encode(), b"S"),
    ]


class Attackers:
    """Slow clients that a thread keeps going while the block runs."""

    def __init__(self, attack: Attack, port: int, count: int) -> None:
        self.ended = 0  # connections that the server answered or cut
        self._attack, self._port, self._count = attack, port, count if attack.opening else 0
        self._clients: list[socket.socket] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Attackers:
        self._clients = [self._connect() for _ in range(self._count)]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for client in self._clients:
            client.close()

    def _connect(self) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(1)
        try:
            client.connect(("127.0.0.1", self._port))
            client.sendall(self._attack.opening)
        except OSError:
            pass  # tried again a second later
        client.setblocking(False)
        return client

    def _run(self) -> None:
        while not self._over.wait(1):
            for place, client in enumerate(self._clients):
                if not self._goes_on(client):
                    client.close()
                    self._clients[place] = self._connect()
                    self.ended += 1

    def _goes_on(self, client: socket.socket) -> bool:
        try:
            if self._attack.each_second:
                client.send(self._attack.each_second)
            return bool(client.recv(1)) and self._attack.reads
        except BlockingIOError:
            return True
        except OSError:
            return False


@dataclass(slots=True)
class Probe:
    """Requests for one path, about two a second, and how long each took."""

    port: int
    path: str
    seconds: list[float] = field(default_factory=list)
    unanswered: int = 0

    def ask(self) -> bool:
        """Send one request; return whether it was answered well and in time."""
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", self.path)
            with connection.getresponse() as answer:
                is_well = answer.status == 200 and bool(answer.read())
        except (OSError, HTTPException):
            is_well = False
        finally:
            connection.close()
        if is_well:
            self.seconds.append(time.monotonic() - began)
        else:
            self.unanswered += 1
        return is_well

    def ask_until(self, end: float) -> None:
        while time.monotonic() < end:
            self.ask()
            time.sleep(0.5)

    def __str__(self) -> str:
        if not self.seconds:
            return f"none of {self.unanswered} answered"
        count, times = len(self.seconds) + self.unanswered, f"{statistics.median(self.seconds):.2f}"
        return f"{len(self.seconds)} of {count}: median {times} s, slowest {max(self.seconds):.2f} s"


def measure(attack: Attack, port: int, count: int, seconds: float) -> str:
    """Run one attack for the given seconds and return its row of the table."""
    probes = [Probe(port, HEALTH), Probe(port, PAGE)]
    while not all(probe.ask() for probe in probes):  # until the site has recovered from the attack before
        time.sleep(1)
    probes = [Probe(port, HEALTH), Probe(port, PAGE)]
    with Attackers(attack, port, count) as attackers:
        time.sleep(1)
        end = time.monotonic() + seconds - PATIENCE
        threads = [threading.Thread(target=probe.ask_until, args=(end,)) for probe in probes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return f"{attack.name} | {probes[0]} | {probes[1]} | {attackers.ended} | {os.getloadavg()[0]:.1f}"


@contextmanager
def behind_nginx(site: str, folder: Path) -> Iterator[int]:
    """Run nginx in front of the site within the block, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""  # the folder is private
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, site=site, user=user))
    with subprocess.Popen(["nginx", "-e", folder / "error.log", "-p", folder, "-c", config]) as nginx:
        try:
            yield port
        finally:
            nginx.terminate()


def lines_of(server: str, count: int, seconds: float) -> Iterator[str]:
    """Measure every attack on one kind of server, bare and behind nginx."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        environ = {"GUNICORN_CMD_ARGS": SERVERS[server], "UPLOADS_PER_MINUTE": "0"}
        client = stack.enter_context(running_site(Path(folder), **environ))
        ways = {"bare": urlsplit(client.base).port or 0}
        if shutil.which("nginx") is not None:
            ways["nginx"] = stack.enter_context(behind_nginx(client.base, Path(folder)))
        for way, port in ways.items():
            for attack in attacks(client.access):
                yield f"{server} | {way} | {measure(attack, port, count, seconds)}"


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.slow_clients", description=__doc__)
    parser.add_argument("--connections", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=55, help="of each attack")
    given = parser.parse_args()
    print(f"{given.connections} connections, {given.seconds:g} s each, {os.cpu_count()} cores")
    print(f"server | way | attack | {HEALTH} | {PAGE} | answered or cut | load", flush=True)
    for server in SERVERS:
        for line in lines_of(server, given.connections, given.seconds):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
