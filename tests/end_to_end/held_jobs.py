"""A job whose process is held in the middle of it, and what came of it in the end."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from launcher.client import ApiError, Client
from tests.orders import held_below
from tests.processes import parent
from tests.site import Site


def worker_and_held_horse(site: Site, client: Client, job_id: str) -> tuple[int, int]:
    """The worker of a job and its horse, which was ordered to stand still at a point of it."""
    horse = held_below(site.launcher_pid)
    with pytest.raises(ApiError) as answer:
        client.result(job_id)
    assert answer.value.status == 425
    return parent(horse), horse


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
