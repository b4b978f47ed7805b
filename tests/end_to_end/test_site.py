"""From upload to download through real processes, also when they are killed half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.held_jobs import parts, published_attempts, worker_and_held_horse, working_files
from tests.paths import DATA
from tests.processes import eventually
from tests.site import Site


def test_a_job_whose_worker_is_killed_ends_once_with_the_same_bytes(
    running_site: Site, big_file: Path, quiet_run: list[str]
) -> None:
    client = running_site.client("worker")
    running_site.orders.hold("step.totalling", after=1)
    job_id = client.upload(big_file)
    worker, _horse = worker_and_held_horse(running_site, client, job_id)
    os.kill(worker, signal.SIGKILL)
    assert parts(client, job_id) == quiet_run
    assert len(published_attempts(running_site, job_id)) == 1
    eventually(lambda: working_files(running_site, job_id) == [])


def test_a_small_file_does_not_wait_behind_a_big_one(running_site: Site, big_file: Path) -> None:
    client = running_site.client("both")
    running_site.orders.hold("step.totalling")
    big = client.upload(big_file)
    _worker, horse = worker_and_held_horse(running_site, client, big)
    small = client.wait(client.upload(DATA / "example.csv"))
    assert len(small["output_files"]) == 1
    os.kill(horse, signal.SIGKILL)  # its lease may be over by now: the next attempt ends the job
    assert client.wait(big)["output_files"]


def test_the_demo_takes_a_file_through_the_running_site(running_site: Site, tmp_path: Path) -> None:
    source = tmp_path / "demo.csv"
    source.write_bytes((DATA / "example.csv").read_bytes() + b"Numb,2020-01-01,1\n")
    shown = demo(running_site.environ, source)
    assert shown.returncode == 0, shown.stderr
    assert "Numb,2020-01-01,1" in shown.stdout
    assert (tmp_path / "demo.totals" / "part-00001.csv").read_bytes().endswith(b"Umbrella,2020-01-02,250\n")


def test_the_demo_says_so_where_no_site_runs(running_site: Site, tmp_path: Path) -> None:
    shown = demo(running_site.environ | {"PORT": "9", "DATA_DIR": str(tmp_path)}, DATA / "example.csv")
    assert (shown.returncode, shown.stderr) == (2, "Nothing answers at http://127.0.0.1:9. Start it first: make run\n")


def demo(environ: dict[str, str], source: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "launcher.demo", str(source)]
    return subprocess.run(command, env=environ, capture_output=True, text=True)
