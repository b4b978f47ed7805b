"""All faults but those of the slice, with few files and short leases; ``make faults`` does the same with many."""

from __future__ import annotations

import pytest

from tests.faults.all_faults import FAULTS
from tests.faults.conftest import SLICE
from tests.faults.fault import QUIET, Fault
from tests.faults.table import Row


@pytest.mark.parametrize(
    "fault", [QUIET, *(fault for fault in FAULTS if fault not in SLICE)], ids=lambda fault: fault.name
)
def test_nothing_is_lost_doubled_or_torn_after(fault: Fault, rows: dict[str, list[Row]]) -> None:
    if fault.missing:
        pytest.skip(fault.missing)
    assert [row.problems for row in rows[fault.name]] == [()] * len(rows[fault.name])
