"""From upload to download through real processes, and a job that is killed and taken over: part of every run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.end_to_end.held_jobs import parts, published_attempts, worker_and_held_horse, working_files
from tests.paths import DATA
from tests.processes import eventually
from tests.site import Site


def test_the_example_comes_back_byte_for_byte(running_site: Site) -> None:
    client = running_site.client()
    result = client.wait(client.upload(DATA / "example.csv"))
    assert result["initial_input_file_name"] == "example.csv"
    (part,) = result["output_files"]
    assert b"".join(client.download(part["output_file"])) == (DATA / "expected" / "example.csv").read_bytes()


def test_a_job_whose_horse_is_killed_ends_once_with_the_same_bytes(
    running_site: Site, big_file: Path, quiet_run: list[str]
) -> None:
    client = running_site.client("horse")
    running_site.orders.hold("step.totalling", after=1)
    job_id = client.upload(big_file)
    _worker, horse = worker_and_held_horse(running_site, client, job_id)
    os.kill(horse, signal.SIGKILL)
    assert parts(client, job_id) == quiet_run
    assert len(published_attempts(running_site, job_id)) == 1
    eventually(lambda: working_files(running_site, job_id) == [])
