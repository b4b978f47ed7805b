"""Benchmark of a running site: the upload of a gigabyte, and the time until a job of a kilobyte is done.

``python -m benchmarks.site --folder DIR`` starts its own site on a free port, measures over loopback and stops it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.shapes import SHAPES, path_of
from launcher.client import ApiError, Client

SMALL_JOBS = 20
SMALL_ROWS = 32  # about a kilobyte
UPLOADS = 3
_PAUSE = 0.002  # seconds between two polls of a small job


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.site", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("BENCH_DIR", "data/bench")))
    folder = parser.parse_args().folder
    source = path_of(folder, SHAPES["many"])
    with running_site(folder) as client:
        ends = sorted(_small_job(client, folder, number) for number in range(SMALL_JOBS))
        print(
            f"1 kB file, POST answered to job done: median {statistics.median(ends):.3f} s, "
            f"fastest {ends[0]:.3f} s, slowest {ends[-1]:.3f} s of {SMALL_JOBS}"
        )
        for _ in range(UPLOADS):
            upload, job = _great_job(client, source)
            size = source.stat().st_size
            print(f"upload of {size / 1e9:.2f} GB: {size / 1e6 / upload:.0f} MB/s, job {job:.1f} s", flush=True)
    print(f"load at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


def _small_job(client: Client, folder: Path, number: int) -> float:
    """Return the seconds from the response to the POST until the job is known to be done."""
    path = folder / "small.csv"
    rows = "".join(f"Song {number} {row},2024-01-01,{secrets.randbelow(1000)}\n" for row in range(SMALL_ROWS))
    path.write_text(f"Song,Date,Number of Plays\n{rows}")
    job = client.upload(path)
    began = time.monotonic()
    client.wait(job, pause=_PAUSE)
    return time.monotonic() - began


def _great_job(client: Client, source: Path) -> tuple[float, float]:
    """Return the seconds of an upload, and those from its end to the end of its job."""
    # Change the first row, since the same file is accepted only once.
    changed = source.with_name("upload.csv")
    changed.unlink(missing_ok=True)
    subprocess.run(["cp", "--reflink=auto", source, changed], check=True)
    with changed.open("r+b") as file:
        head = file.readline()
        file.seek(len(head))
        file.write(secrets.token_hex(2).encode())
        file.flush()
        os.fsync(file.fileno())  # so that the disk is idle while we measure
    began = time.monotonic()
    job = _upload(client, changed)
    uploaded = time.monotonic()
    client.wait(job, pause=0.05)
    changed.unlink()
    return uploaded - began, time.monotonic() - uploaded


def _upload(client: Client, path: Path) -> str:
    """Upload like Client.upload but with sendfile, so that the sender uses as little CPU as possible."""
    boundary = secrets.token_hex(16)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'.encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    connection = HTTPConnection(urlsplit(client.base).netloc, timeout=600)
    connection.putrequest("POST", "/api/process_file/")
    connection.putheader("Authorization", f"Bearer {client.access}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={boundary}")
    connection.putheader("Content-Length", str(len(head) + path.stat().st_size + len(tail)))
    connection.endheaders(head)
    with path.open("rb") as file:
        connection.sock.sendfile(file)
    connection.sock.sendall(tail)
    with connection.getresponse() as answer:
        return str(json.loads(answer.read())["uuid"])


@contextmanager
def running_site(folder: Path, **more: str) -> Iterator[Client]:
    """Run a site with its own data folder below ``folder``; ``more`` is added to its environment."""
    password = secrets.token_hex(8)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(dir=folder) as data:
        environ = os.environ | {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATA_DIR": data,
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": password,
            **dict.fromkeys(("REDIS_URL", "DATABASE_URL", "SECRET_KEY", "WORKERS", "PUBLIC_HTTPS"), ""),
        }
        environ |= more
        with subprocess.Popen(
            [sys.executable, "-m", "launcher"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as launcher:
            try:
                yield _logged_in(f"http://127.0.0.1:{port}", password)
            finally:
                launcher.send_signal(signal.SIGTERM)


def _logged_in(base: str, password: str) -> Client:
    deadline = time.monotonic() + 60
    while True:
        try:
            return Client.login(base, "admin", password)
        except (OSError, ApiError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
