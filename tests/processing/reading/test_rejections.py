"""Rows left out: named by physical line, column, value and reason, wherever the blocks were cut."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from common.option_words import BadRows
from processing.errors import RefusedError
from processing.options import Options
from processing.pipeline import process_csv
from tests.processing.ways import BOTH_WAYS

LINES = [
    "Song,Date,Number of Plays",
    "A,2020-01-01,1",
    "",
    '"two',
    'lines",2020-01-01,2',
    "B,2020-01-01,12.5",
    "C,2020-02-30,5",
    ",2020-01-01,5",
    "D,2020-01-01",
    '"E"x,2020-01-01,5',
    "F,2020-01-01,-3",
    "G,2020-01-01,7",
]
BAD = [
    (6, "Number of Plays", "12.5", 'should have a whole number of plays, but says "12.5"'),
    (7, "Date", "2020-02-30", "should have a date, but there is no day 2020-02-30"),
    (8, "Song", "", "should have a song, but is empty"),
    (9, "row", "D,2020-01-01", "should have 3 columns, but has 2 columns"),
    (
        10,
        "row",
        '"E"x,2020-01-01,5',
        "should have each quote closed before a comma or line end, but has an open one",
    ),
    (11, "Number of Plays", "-3", 'should have a number of plays from 0 upwards, but says "-3"'),
]


@BOTH_WAYS
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block_bytes", [1, 7, 30, 64, 1 << 20])
def test_left_out_rows_are_listed_with_their_physical_lines(
    tmp_path: Path, line_end: str, block_bytes: int, use_kernel: bool
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(line_end.join(LINES).encode())
    options = Options(bad_rows=BadRows.SKIP, block_bytes=block_bytes, use_kernel=use_kernel)
    outcome = process_csv(source, tmp_path / "out", options)
    assert [(row.line, row.column, row.value, row.reason) for row in outcome.rejected] == BAD
    assert (outcome.rows_read, outcome.rows_used, outcome.bad_rows, outcome.plays) == (9, 3, 6, 10)
    with (tmp_path / "out" / "rejected.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.reader(file))
    assert listed == [["Line", "Column", "Value", "Reason"], *([str(line), *rest] for line, *rest in BAD)]


@BOTH_WAYS
def test_a_file_with_bad_rows_is_refused_with_the_first_and_the_count_of_all(use_kernel: bool, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("\n".join(LINES))
    with pytest.raises(RefusedError) as refusal:
        process_csv(source, tmp_path / "out", Options(block_bytes=10, use_kernel=use_kernel))
    assert refusal.value.to_json() == {
        "code": "bad_rows",
        "message": 'Line 6 should have a whole number of plays, but says "12.5". There are 6 rows that we cannot read. '
        "Correct the file and send it again, or leave such rows out.",
        "line": 6,
        "column": "Number of Plays",
        "value": "12.5",
        "bad_rows": 6,
        "question": None,
    }


@BOTH_WAYS
@pytest.mark.parametrize("block_bytes", [30_000, 1 << 20])  # the larger holds more than a list keeps in memory
def test_more_bad_rows_than_a_report_lists_are_all_in_the_file(
    block_bytes: int, use_kernel: bool, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Song,Date,Number of Plays\nA,2020-01-01,1\n" + "B,2020-01-01,x\n" * 5000)
    options = Options(bad_rows=BadRows.SKIP, block_bytes=block_bytes, use_kernel=use_kernel)
    outcome = process_csv(source, tmp_path / "out", options)
    assert (outcome.bad_rows, len(outcome.rejected)) == (5000, 1000)
    with (tmp_path / "out" / "rejected.csv").open(newline="") as file:
        assert [int(row["Line"]) for row in csv.DictReader(file)] == list(range(3, 5003))
