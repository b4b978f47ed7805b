"""What tests of processing share."""

from __future__ import annotations

import gc
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processing.ways import IN_MEMORY


@pytest.fixture(scope="session", autouse=True)
def vaex_executor() -> None:
    """Let Vaex make its executor once, before warnings count as errors.

    It makes two event loops when it first computes and drops one unclosed; that must not fail some test of ours.
    """
    from vaex.dataframe import get_main_executor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_main_executor()
        gc.collect()


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder for what writes a thousand checkpoints, each of which would wait for a disk."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield Path(folder)
