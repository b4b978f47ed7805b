"""Each tests/data/<case>.csv gives tests/data/expected/<case>.csv, byte for byte: a new bug is a new pair of files.

A case may have <case>.options.json, with options of the run, and expected/<case>.rejected.csv.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from processing.options import BadRows, Options
from processing.pipeline import process_csv
from tests.processing.ways import BOTH_WAYS

DATA = Path(__file__).resolve().parents[1] / "data"
CASES = sorted(path.stem for path in DATA.glob("*.csv"))
CUTS: dict[str, dict[str, int]] = {"whole": {}, "cut small": {"block_bytes": 16, "buckets": 3, "threads": 2}}


def options_of(case: str) -> dict[str, Any]:
    path = DATA / f"{case}.options.json"
    chosen: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return chosen | {"bad_rows": BadRows(chosen.get("bad_rows", "stop"))}


def test_each_file_has_its_expected_totals_and_the_other_way_round() -> None:
    expected = {path.name.split(".")[0] for path in (DATA / "expected").iterdir()}
    assert expected == set(CASES) == {path.name.split(".")[0] for path in DATA.iterdir() if path.is_file()}


@BOTH_WAYS
@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("case", CASES)
def test_a_file_gives_its_expected_totals_byte_for_byte(case: str, cuts: str, use_kernel: bool, tmp_path: Path) -> None:
    process_csv(DATA / f"{case}.csv", tmp_path, Options(use_kernel=use_kernel, **CUTS[cuts], **options_of(case)))
    assert (
        b"".join(path.read_bytes() for path in sorted(tmp_path.glob("part-*.csv")))
        == (DATA / "expected" / f"{case}.csv").read_bytes()
    )
    rejected, wanted = tmp_path / "rejected.csv", DATA / "expected" / f"{case}.rejected.csv"
    assert rejected.exists() == wanted.exists()
    if wanted.exists():
        assert rejected.read_bytes() == wanted.read_bytes()
