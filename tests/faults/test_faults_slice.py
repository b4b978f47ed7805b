"""One fault of each family: part of every run."""

from __future__ import annotations

import pytest

from tests.faults.conftest import SLICE
from tests.faults.fault import Fault
from tests.faults.table import Row


@pytest.mark.parametrize("fault", SLICE, ids=lambda fault: fault.name)
def test_nothing_is_lost_doubled_or_torn_after(fault: Fault, rows: dict[str, list[Row]]) -> None:
    if fault.missing:
        pytest.skip(fault.missing)
    assert [row.problems for row in rows[fault.name]] == [()] * len(rows[fault.name])
