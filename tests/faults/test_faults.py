"""All faults, with few files and short leases; ``make faults`` does the same with many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.all_faults import FAULTS
from tests.faults.fault import QUIET, Fault
from tests.faults.files import small_files
from tests.faults.running import carry_out_all
from tests.faults.site import Conditions
from tests.faults.table import Row
from tests.services import DEBIAN, Services

FILES = 4
SITES = 3  # they mostly wait
TIMES = Conditions(lease_seconds=4, reconcile_seconds=1, outage_seconds=3, lock_seconds=3)


@pytest.fixture(scope="module")
def rows(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, services: Services
) -> dict[str, list[Row]]:
    """What came of all faults whose tests were chosen, by name; that of none once for each site."""
    chosen = [item.callspec.params["fault"] for item in request.session.items if item.path == request.path]
    faults = [fault for fault in chosen if fault is not QUIET and not fault.missing]
    found: dict[str, list[Row]] = {}
    for row in carry_out_all(
        faults,
        tmp_path_factory.mktemp("faults"),
        replace(TIMES, debian_redis=services.name == DEBIAN),
        small_files(FILES),
        sites=SITES,
        new_database=services.new_database,
    ):
        found.setdefault(row.fault, []).append(row)
    return found


@pytest.mark.parametrize("fault", [QUIET, *FAULTS], ids=lambda fault: fault.name)
def test_nothing_is_lost_doubled_or_torn_after(fault: Fault, rows: dict[str, list[Row]]) -> None:
    if fault.missing:
        pytest.skip(fault.missing)
    assert [row.problems for row in rows[fault.name]] == [()] * len(rows[fault.name])
