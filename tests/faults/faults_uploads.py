"""Uploads that break off, and uploads of the same bytes at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from tests.faults.client import Reply, form
from tests.faults.fault import Fault
from tests.faults.faults_processes import kill
from tests.faults.files import PlayFile, large_file
from tests.faults.site import WEB
from tests.faults.trial import Trial
from tests.processes import eventually

AT_ONCE = 20


def faults() -> Iterator[Fault]:
    """By the server, by the client, by nobody."""
    yield Fault("gunicorn's workers killed in mid-upload", server_killed)
    yield Fault("clients gone in mid-upload", clients_gone)
    yield Fault(f"{AT_ONCE} identical uploads at once", identical)


def server_killed(trial: Trial) -> None:
    """Slow senders lose their server, and send again."""
    big = large_file(4_000_000)
    trial.files.append(big)
    with closing(half_sent(trial, big)), closing(half_sent(trial, big)):
        trial.send()
        for worker in trial.site.horses(WEB):
            kill(worker)
        trial.struck()
    trial.wait_for_ends()


def clients_gone(trial: Trial) -> None:
    """They send half of a file and are heard of no more."""
    big = large_file(4_000_000)
    for _ in trial.files:
        half_sent(trial, big).close()
    trial.struck()
    trial.send()
    trial.wait_for_ends()


def half_sent(trial: Trial, file: PlayFile) -> socket.socket:
    """The connection of an upload of some megabytes, half of which is sent, and some of that written down."""
    body, kind = form(file)
    head = {"Host": "here", "Content-Type": kind, "Content-Length": str(len(body)), **trial.caller.token()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    incoming = trial.site.data_dir / "incoming"
    before = set(incoming.iterdir())
    connection = socket.create_connection(("127.0.0.1", trial.site.settings.port))
    connection.sendall(f"POST /api/process_file/ HTTP/1.1\r\n{lines}\r\n".encode() + body[: len(body) // 2])
    eventually(lambda: set(incoming.iterdir()) - before)
    return connection


def identical(trial: Trial) -> None:
    """One of them makes a job, and all others hear of it."""
    for file in trial.files[: max(1, len(trial.files) // 5)]:
        together = threading.Barrier(AT_ONCE)

        def send(_number: int, file: PlayFile = file, together: threading.Barrier = together) -> Reply | None:
            together.wait()
            return trial.caller.upload(file)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            replies = [reply for reply in pool.map(send, range(AT_ONCE)) if reply is not None]
        trial.answers += replies
        ids = {trial.take(file, reply).job_id for reply in replies if reply.status in (201, 409)}
        codes = sorted(reply.status for reply in replies)
        assert codes == [201] + [409] * (AT_ONCE - 1), codes
        assert len(ids) == 1, ids
    trial.struck_at = time.time()
    trial.wait_for_ends()
