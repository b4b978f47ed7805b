"""What the tests of resumable uploads have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from tests.webapp.api.v1.tus import Script
from webapp.uploads import resumable


@pytest.fixture
def script(client: FlaskClient, bearer: Callable[..., dict[str, str]]) -> Iterator[Script]:
    """Anna's; what one test hashed is nothing to the next."""
    yield Script(client, bearer() | {"Tus-Resumable": "1.0.0"})
    resumable._digests.__init__()
