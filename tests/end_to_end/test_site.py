"""From upload to download through real processes, also when they are killed half-way."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.client import Client
from tests.end_to_end.horses import worker_with_horse_in_mid_job
from tests.paths import DATA
from tests.processes import eventually
from tests.site import Site
from tests.slow_files import write_slow_file


@pytest.fixture(scope="session")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    write_slow_file(path)
    return path


@pytest.fixture(scope="session")
def quiet_run(running_site: Site, big_file: Path) -> list[str]:
    """The digests of the parts when nothing happens."""
    client = running_site.client("quiet")
    digests = parts(client, client.upload(big_file))
    assert len(digests) > 1
    return digests


def parts(client: Client, job_id: str) -> list[str]:
    """The sha256 of each part, once the job is done."""
    digests = []
    for part in client.wait(job_id)["output_files"]:
        digest = hashlib.sha256()
        for piece in client.download(part["output_file"]):
            digest.update(piece)
        digests.append(digest.hexdigest())
    return digests


def published_attempts(site: Site, job_id: str) -> list[str]:
    return [folder.name for folder in (site.data_dir / "results" / job_id).iterdir()]


def working_files(site: Site, job_id: str) -> list[Path]:
    return [path for kind in ("scratch", "staging") for path in (site.data_dir / kind / job_id).rglob("*")]


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
    job_id = client.upload(big_file)
    _worker, horse = worker_with_horse_in_mid_job(running_site, client, job_id)
    os.kill(horse, signal.SIGKILL)
    assert parts(client, job_id) == quiet_run
    assert len(published_attempts(running_site, job_id)) == 1
    eventually(lambda: working_files(running_site, job_id) == [])


def test_a_job_whose_worker_is_killed_ends_once_with_the_same_bytes(
    running_site: Site, big_file: Path, quiet_run: list[str]
) -> None:
    client = running_site.client("worker")
    job_id = client.upload(big_file)
    worker, _horse = worker_with_horse_in_mid_job(running_site, client, job_id)
    os.kill(worker, signal.SIGKILL)
    assert parts(client, job_id) == quiet_run
    assert len(published_attempts(running_site, job_id)) == 1
    eventually(lambda: working_files(running_site, job_id) == [])


def test_a_small_file_does_not_wait_behind_a_big_one(running_site: Site, big_file: Path) -> None:
    client = running_site.client("both")
    big = client.upload(big_file)
    _worker, horse = worker_with_horse_in_mid_job(running_site, client, big)
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
