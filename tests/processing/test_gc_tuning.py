"""When Python looks for garbage, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processing.command_line import ROOT

ROWS_OF_A_BLOCK = "rows = [(number, str(number)) for number in range(300_000)]"
COUNTED = f"""
import gc
whole = []
gc.callbacks.append(lambda phase, info: whole.append(phase) if info["generation"] == 2 else None)
{ROWS_OF_A_BLOCK}
print(len(whole))
"""


def whole_looks(*prepared: str) -> int:
    """How often Python goes through all that it holds while it makes the rows of a block."""
    code = "\n".join((*prepared, COUNTED))
    return int(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    )


@pytest.mark.usefixtures("processes")
def test_rows_that_python_reads_one_by_one_are_not_gone_through_time_and_again() -> None:
    assert whole_looks() > 0
    assert whole_looks("from processing.gc_tuning import relax_gc", "relax_gc()") == 0


@pytest.mark.usefixtures("processes")
def test_a_work_horse_looks_seldom_too() -> None:
    settled = ("import os", "from worker.work_horse import prepare_horse", "prepare_horse(os.getppid(), 'small')")
    assert whole_looks(*settled) == 0
