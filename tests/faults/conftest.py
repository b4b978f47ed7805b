"""What came of the faults that were chosen, carried out on several sites side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.all_faults import FAMILIES
from tests.faults.fault import QUIET
from tests.faults.files import small_files
from tests.faults.running import carry_out_all
from tests.faults.site import Conditions
from tests.faults.table import Row
from tests.services import DEBIAN, Services

FILES = 4
SITES = 4  # they mostly wait
TIMES = Conditions(lease_seconds=4, reconcile_seconds=1, outage_seconds=3, lock_seconds=3)
SLICE = tuple(family[0] for family in FAMILIES.values())
# The families that PostgreSQL and Debian's Redis can make a difference to; the others break what stands before them.
TOUCH_SERVICES = ("points", "redis", "database", "jobs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on the second kind of services, the families that it makes no difference to."""
    if config.getoption("services") != DEBIAN:
        return
    touching = {fault.name for name in TOUCH_SERVICES for fault in FAMILIES[name]}
    left_out = [item for item in items if _fault_of(item) not in (None, *touching)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _fault_of(item: pytest.Item) -> str | None:
    """The name of the fault that a test is about."""
    callspec = getattr(item, "callspec", None)
    return callspec.params["fault"].name if callspec is not None and "fault" in callspec.params else None


@pytest.fixture(scope="module")
def rows(
    processes: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, services: Services
) -> dict[str, list[Row]]:
    """What came of all faults of the module whose tests were chosen, by name; that of none once for each site."""
    chosen = [item.callspec.params["fault"] for item in request.session.items if item.path == request.path]
    faults = [fault for fault in chosen if fault is not QUIET and not fault.missing]
    found: dict[str, list[Row]] = {}
    for row in carry_out_all(
        faults,
        tmp_path_factory.mktemp("faults"),
        replace(TIMES, debian_redis=services.name == DEBIAN),
        small_files(FILES),
        sites=min(SITES, len(faults)),
        new_database=services.new_database,
    ):
        found.setdefault(row.fault, []).append(row)
    return found
