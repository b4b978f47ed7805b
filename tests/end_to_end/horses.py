"""The process that works on a job: found in the middle of it, and held."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from launcher.client import ApiError, Client
from tests.processes import child_with, children, eventually
from tests.site import Site


def worker_with_horse_in_mid_job(site: Site, client: Client, job_id: str) -> tuple[int, int]:
    """The worker of the big files and its horse, which is held still while its job is half done."""
    buckets = site.data_dir / "scratch" / job_id
    eventually(lambda: any(path.is_file() for path in buckets.rglob("*")))
    worker = child_with(site.launcher_pid, "--queue large")
    assert worker is not None
    (horse,) = children(worker)
    os.kill(horse, signal.SIGSTOP)
    with pytest.raises(ApiError) as answer:
        client.result(job_id)
    assert answer.value.status == 425
    return worker, horse


def let_go_in_bits(horse: int, has_moved: Callable[[], bool]) -> None:
    """Let a held horse work for moments, with a look after each, and then let it finish."""
    try:
        while not has_moved():
            os.kill(horse, signal.SIGCONT)
            time.sleep(0.03)  # however long it really is: only how often we look hangs on it
            os.kill(horse, signal.SIGSTOP)
    finally:
        os.kill(horse, signal.SIGCONT)
