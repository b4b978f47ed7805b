"""Each tests/data/<case>.csv gives tests/data/expected/<case>.csv, byte for byte: a new bug is a new pair of files.

A case may have <case>.options.json, with options of the run, and expected/<case>.rejected.csv, in which codes with
their parameters stand for reasons. One that must be refused has expected/<case>.refusal.json in place of totals.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from common.option_words import BadRows, DateStyle
from processing.errors import RefusedError
from processing.options import DialectOptions, Options
from processing.pipeline import process_csv
from processing.sentences import reason
from tests.paths import DATA
from tests.processing.ways import BOTH_WAYS

EXPECTED = DATA / "expected"
CASES = sorted(path.stem for path in DATA.glob("*.csv"))
REFUSED = sorted(path.name.removesuffix(".refusal.json") for path in EXPECTED.glob("*.refusal.json"))
ANSWERED = sorted(set(CASES) - set(REFUSED))
CUTS: dict[str, dict[str, Any]] = {"whole": {}, "cut small": {"block_bytes": 16, "buckets": 3, "threads": 2}}


def options_of(case: str) -> dict[str, Any]:
    path = DATA / f"{case}.options.json"
    chosen: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    dialect = form_of(chosen.pop("form", {}))
    return chosen | {"bad_rows": BadRows(chosen.get("bad_rows", "stop")), "dialect": dialect}


def form_of(said: dict[str, Any]) -> DialectOptions:
    values = dict(said)
    if "date_style" in values:
        values["date_style"] = DateStyle(values["date_style"])
    if "columns" in values:
        values["columns"] = tuple(values["columns"])
    return DialectOptions(**values)


def run(case: str, output: Path, *, cuts: str, use_kernel: bool) -> None:
    process_csv(DATA / f"{case}.csv", output, Options(use_kernel=use_kernel, **CUTS[cuts], **options_of(case)))


def test_each_file_has_its_expected_end_and_the_other_way_round() -> None:
    expected = {path.name.split(".")[0] for path in EXPECTED.iterdir()}
    assert expected == set(CASES) == {path.name.split(".")[0] for path in DATA.iterdir() if path.is_file()}
    assert set(ANSWERED) == {path.stem for path in EXPECTED.glob("*.csv") if "." not in path.stem}


@BOTH_WAYS
@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("case", ANSWERED)
def test_a_file_gives_its_expected_totals_byte_for_byte(case: str, cuts: str, use_kernel: bool, tmp_path: Path) -> None:
    run(case, tmp_path, cuts=cuts, use_kernel=use_kernel)
    assert (
        b"".join(path.read_bytes() for path in sorted(tmp_path.glob("part-*.csv")))
        == (EXPECTED / f"{case}.csv").read_bytes()
    )
    rejected, wanted = tmp_path / "rejected.csv", EXPECTED / f"{case}.rejected.csv"
    assert rejected.exists() == wanted.exists()
    if wanted.exists():
        assert rejected.read_bytes() == in_words(wanted)


def in_words(wanted: Path) -> bytes:
    """The same file with reasons in place of codes and their parameters."""
    text = io.StringIO(newline="")
    with wanted.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["Line", "Column", "Value", "Code", "Params"]
    csv.writer(text, lineterminator="\n").writerow(["Line", "Column", "Value", "Reason"])
    for line, column, value, code, params in rows:
        quoting = csv.QUOTE_ALL if "\r" in value else csv.QUOTE_MINIMAL
        words = reason(code, column, value, json.loads(params or "{}"))
        csv.writer(text, lineterminator="\n", quoting=quoting).writerow([line, column, value, words])
    return text.getvalue().encode()


@BOTH_WAYS
@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("case", REFUSED)
def test_a_file_is_refused_with_its_expected_code_line_and_parameters(
    case: str, cuts: str, use_kernel: bool, tmp_path: Path
) -> None:
    wanted: dict[str, Any] = json.loads((EXPECTED / f"{case}.refusal.json").read_text())
    assert {"code", "line"} <= set(wanted) <= {"code", "line", "key", "params"}
    with pytest.raises(RefusedError) as refused:
        run(case, tmp_path, cuts=cuts, use_kernel=use_kernel)
    found = refused.value.to_record()
    wanted = {"key": wanted["code"], "params": {}} | wanted
    assert {key: found[key] for key in wanted} == wanted
