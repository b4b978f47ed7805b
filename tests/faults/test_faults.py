"""All faults, with few files and short leases; ``make faults`` does the same with many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.all_faults import FAULTS
from tests.faults.fault import QUIET, Fault, carry_out
from tests.faults.files import PlayFile, small_files
from tests.faults.invariants import Judge
from tests.faults.site import Services, Site

FILES = 4
SERVICES = Services(lease_seconds=4, reconcile_seconds=1, outage_seconds=3, lock_seconds=3)


@pytest.fixture(scope="module")
def files() -> list[PlayFile]:
    return small_files(FILES)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, files: list[PlayFile]) -> Iterator[Judge]:
    """A judge of a site that has shown what comes of the files when nothing goes wrong."""
    with Site(tmp_path_factory.mktemp("faults"), SERVICES) as site:
        quiet = Judge(site)
        _row, found = carry_out(QUIET, quiet, files)
        assert found.problems == []
        yield quiet


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost_doubled_or_torn_after(fault: Fault, judge: Judge, files: list[PlayFile]) -> None:
    _row, found = carry_out(fault, judge, files)
    assert found.problems == []
