"""What the command line is told about a file, and how it asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processing.command_line import run


@pytest.mark.usefixtures("processes")
def test_what_the_caller_says_about_the_file_comes_before_what_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "kept by hand\nWhat;When;How often;Really\n'A;B';01/02/2024;1'234;-5\nC;03/02/2024;7;9\n", encoding="utf-16-le"
    )
    said = "--encoding utf-16-le --delimiter semicolon --quote single --header-line 2 --date-style DD/MM/YYYY"
    said += " --thousands apostrophe --song-column What --date-column 2 --plays-column really --corrections allow"
    done = run(source, tmp_path / "out", "--json", *said.split())
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["rows_used"], report["plays"]) == (2, 4)
    assert report["detected"] == {
        "encoding": "utf-16-le",
        "delimiter": ";",
        "header": True,
        "compression": None,
        "date_style": "DD/MM/YYYY",
        "columns": {"Song": 0, "Date": 1, "Number of Plays": 3},
        "quote": "'",
        "escape": None,
        "thousands": "'",
        "header_line": 2,
        "column_names": ["What", "When", "How often", "Really"],
    }
    written = (tmp_path / "out" / "part-00001.csv").read_text().splitlines()
    assert written[1:] == ["A;B,2024-02-01,-5", "C,2024-02-03,9"]


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Song,Date,Plays\nA,01/02/2024,5\n", " (Say --date-style DD/MM/YYYY or --date-style MM/DD/YYYY.)"),
        (
            "Title,Track,Date,Plays\nA,B,2024-01-31,5\n",
            " (Say --song-column, --date-column, --plays-column with a name in ",
        ),
        ("Song;Date;Plays\nA;2024-01-31;1.234\nB;2024-01-31;7\n", " (Say --thousands point.)"),
    ],
)
def test_a_question_says_with_which_flag_it_is_answered(text: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text)
    refused = run(tmp_path / "in.csv", tmp_path / "out", "--json")
    message = json.loads(refused.stdout)["error"]["message"]
    assert refused.stderr.startswith(message + hint)
    assert refused.stderr.count("\n") == 1


@pytest.mark.usefixtures("processes")
def test_a_number_means_the_column_at_that_place_even_where_columns_have_numbers_for_names(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("2,1,day,plays\nA,B,2024-01-31,5\n")
    columns = "--song-column 1 --date-column 3 --plays-column 4 --header-line 1"
    run(tmp_path / "in.csv", tmp_path / "out", *columns.split())
    assert (tmp_path / "out" / "part-00001.csv").read_text().splitlines()[1:] == ["A,2024-01-31,5"]


@pytest.mark.usefixtures("processes")
def test_the_header_is_the_line_with_the_names_that_the_caller_says(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("made by hand\nWhat,Tag1,Anzahl2023,top10\nA,2024-01-31,5,9\n")
    columns = "--song-column What --date-column Tag1 --plays-column Anzahl2023"
    done = run(tmp_path / "in.csv", tmp_path / "out", "--json", *columns.split())
    assert json.loads(done.stdout)["detected"]["header_line"] == 2
    numbers = "--song-column 1 --date-column 2 --plays-column 3 --header-line 2"
    assert json.loads(run(tmp_path / "in.csv", tmp_path / "out", "--json", *numbers.split()).stdout)["plays"] == 5


@pytest.mark.usefixtures("processes")
def test_a_file_without_header_can_be_said_to_have_none(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Song,2024-01-31,5\nDate,2024-01-31,7\n")
    done = run(source, tmp_path / "out", "--json", "--header-line", "none")
    assert json.loads(done.stdout)["detected"]["header"] is False
    assert json.loads(done.stdout)["plays"] == 12
