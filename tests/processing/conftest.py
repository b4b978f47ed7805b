"""Vaex makes two event loops when it first computes and drops one unclosed; that must not fail some test of ours."""

from __future__ import annotations

import gc
import warnings

import pytest


@pytest.fixture(scope="session", autouse=True)
def vaex_executor() -> None:
    """Let Vaex make its executor once, before warnings count as errors."""
    from vaex.dataframe import get_main_executor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_main_executor()
        gc.collect()
