"""A whole site in real processes, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services import Services
from tests.site import Site, site_of


@pytest.fixture(scope="session")
def running_site(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The launcher with all its processes, in a folder whose name no address and no command line takes as it is."""
    folder = tmp_path_factory.mktemp("my site=100%20? #1 ü")
    with site_of(services, folder, WEBHOOKS_TO_PRIVATE="yes") as site:
        yield site
