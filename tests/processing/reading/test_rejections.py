"""Rows left out: named by physical line, column, value and reason, wherever the blocks were cut."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from common.option_words import BadRows
from processing.errors import Choice, Question, RefusedError
from processing.options import Options
from processing.pipeline import process_csv
from processing.result import BadRow
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
    BadRow(6, "Number of Plays", "12.5", "not_whole"),
    BadRow(7, "Date", "2020-02-30", "no_such_day"),
    BadRow(8, "Song", "", "missing"),
    BadRow(9, "row", "D,2020-01-01", "too_few", {"found": 2, "expected": 3}),
    BadRow(10, "row", '"E"x,2020-01-01,5', "open_quote", {"delimiter": ","}),
    BadRow(11, "Number of Plays", "-3", "negative"),
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
    assert list(outcome.rejected) == BAD
    assert (outcome.rows_read, outcome.rows_used, outcome.bad_rows, outcome.plays) == (9, 3, 6, 10)
    with (tmp_path / "out" / "rejected.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.reader(file))
    assert listed == [
        ["Line", "Column", "Value", "Reason"],
        *([str(row.line), row.column, row.value, row.reason] for row in BAD),
    ]


@BOTH_WAYS
def test_a_file_with_bad_rows_is_refused_with_the_first_and_the_count_of_all(use_kernel: bool, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("\n".join(LINES))
    with pytest.raises(RefusedError) as refusal:
        process_csv(source, tmp_path / "out", Options(block_bytes=10, use_kernel=use_kernel))
    assert refusal.value.to_record() == {
        "code": "bad_rows",
        "key": "bad_rows",
        "params": {"rows": 9, "reason": "not_whole"},
        "line": 6,
        "column": "Number of Plays",
        "value": "12.5",
        "bad_rows": 6,
        "question": None,
    }
    assert BAD[0].reason in refusal.value.message


@BOTH_WAYS
@pytest.mark.parametrize(
    ("numbers", "written", "number"),
    [
        (("1.234", "2.101"), "1.234", 1234),
        (("12.345.678,9", " 2.101,00 "), "2.101,00", 2101),
        (("1.234,5",), "1.234", 1234),
        (("9.223.372.036.854.775.808",), "1.234", 1234),
    ],
)
def test_a_question_for_thousands_shows_a_number_of_the_file_and_what_it_would_mean(
    numbers: tuple[str, ...], written: str, number: int, use_kernel: bool, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "Song;Date;Number of Plays\nA;2020-01-01;7\nA;2020-01-01;1234\n"
        + "".join(f"A;2020-01-01;{one}\n" for one in numbers)
    )
    with pytest.raises(RefusedError) as refusal:
        process_csv(source, tmp_path / "out", Options(use_kernel=use_kernel))
    choice = Choice("point", "thousands", {"written": written, "number": number})
    assert refusal.value.question == Question(("thousands",), (choice,))


@BOTH_WAYS
@pytest.mark.parametrize("block_bytes", [30_000, 1 << 20])  # the larger holds more than a list keeps in memory
def test_more_bad_rows_than_a_report_lists_are_all_in_the_file(
    block_bytes: int, use_kernel: bool, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Song,Date,Number of Plays\nA,2020-01-01,1\n" + "B,2020-01-01,x\nB,2020-01-01\n" * 2500)
    options = Options(bad_rows=BadRows.SKIP, block_bytes=block_bytes, use_kernel=use_kernel)
    outcome = process_csv(source, tmp_path / "out", options)
    assert (outcome.bad_rows, len(outcome.rejected)) == (5000, 1000)
    with (tmp_path / "out" / "rejected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["Line"]) for row in rows] == list(range(3, 5003))
    assert {row["Reason"] for row in rows[1::2]} == {outcome.rejected[1].reason}
    assert {row["Reason"] for row in rows[::2]} == {outcome.rejected[0].reason}
