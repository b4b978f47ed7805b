"""A whole site in real processes, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.demo import write_demo_file
from store.queues import SMALL_FILE_BYTES
from tests.end_to_end.held_jobs import parts
from tests.services import Services
from tests.site import Site, site_of


@pytest.fixture(scope="session")
def running_site(processes: None, services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The launcher with all its processes, in a folder whose name no address and no command line takes as it is."""
    folder = tmp_path_factory.mktemp("my site=100%20? #1 ü")
    with site_of(services, folder, WEBHOOKS_TO_PRIVATE="yes") as site:
        yield site


@pytest.fixture(scope="session")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose totals take several parts, in the queue of the large ones."""
    path = tmp_path_factory.mktemp("big") / "big.csv"
    write_demo_file(path, SMALL_FILE_BYTES + 1_000_000, songs=100_000, days=20, seed=7)
    return path


@pytest.fixture(scope="session")
def quiet_run(running_site: Site, big_file: Path) -> list[str]:
    """The digests of the parts when nothing happens."""
    client = running_site.client("quiet")
    digests = parts(client, client.upload(big_file))
    assert len(digests) > 1
    return digests
