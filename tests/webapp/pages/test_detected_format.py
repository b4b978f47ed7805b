"""What we found in a file, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from common.option_words import DELIMITERS, ENCODINGS, QUOTES, THOUSANDS, DateStyle
from store.options import JobOptions
from store.states import JobState
from tests.jobs import DETECTED, refusal
from webapp.pages import detected_format
from webapp.pages.detected_format import found_in

JobIn = Callable[..., str]
HARD = {
    "encoding": "cp1252",
    "delimiter": ";",
    "date_style": "DD.MM.YYYY",
    "thousands": ".",
    "header_line": 3,
    "compression": "gzip",
    "columns": {"Song": 1, "Date": 3, "Number of Plays": 4},
    "column_names": ["Nr.", "Titel", "Interpret", "Datum", "<b>Anzahl</b>"],
}
# What an older version wrote down of a file.
OLD = {key: DETECTED[key] for key in ("encoding", "delimiter", "header", "compression", "date_style", "columns")}


def words(detected: dict[str, Any], chosen: JobOptions | None = None) -> dict[str, str]:
    return {line.label: line.words for line in found_in(detected, chosen or JobOptions())}


def test_an_ordinary_file_is_told_in_ordinary_words() -> None:
    assert words(DETECTED) == {
        "Encoding": "UTF-8",
        "Separator": "commas",
        "Quotes": 'double, as in "a song"',
        "Column names": "in line 1",
        "Song": "column 1, “Song”",
        "Date": "column 2, “Date”",
        "Number of plays": "column 3, “Number of Plays”",
        "Dates": "year-month-day, like 2024-03-31",
        "Large numbers": "plain, like 1234567",
    }


def test_a_file_from_somewhere_else_is_told_as_well() -> None:
    assert words(DETECTED | HARD) == {
        "Compressed": "with gzip",
        "Encoding": "Windows-1252, since it is not UTF-8",
        "Separator": "semicolons",
        "Quotes": 'double, as in "a song"',
        "Column names": "in line 3",
        "Song": "column 2, “Titel”",
        "Date": "column 4, “Datum”",
        "Number of plays": "column 5, “<b>Anzahl</b>”",
        "Dates": "day.month.year, like 31.03.2024",
        "Large numbers": "with points, like 1.234.567",
    }


def test_what_we_were_told_is_said_to_be_told() -> None:
    lines = found_in(DETECTED | HARD, JobOptions(encoding="cp1252", date_column="Datum"))
    assert [line.label for line in lines if line.is_said] == ["Encoding", "Date"]
    assert lines[1].words == ENCODINGS["cp1252"]  # the reason was not that it is not UTF-8


@pytest.mark.parametrize(
    ("detected", "label", "expected"),
    [
        ({"encoding": "utf-8-sig"}, "Encoding", "UTF-8, marked as such"),
        ({"encoding": "utf-16-le"}, "Encoding", ENCODINGS["utf-16-le"]),
        ({"encoding": "koi8-r"}, "Encoding", "koi8-r"),
        ({"delimiter": "\t"}, "Separator", "tabs"),
        ({"delimiter": "\x1f"}, "Separator", "the invisible character 1F"),
        ({"delimiter": "%"}, "Separator", "the character %"),
        ({"quote": None}, "Quotes", "none"),
        ({"escape": "\\"}, "Quotes", 'double, as in "a song", a backslash before those inside'),
        ({"header": False, "header_line": None}, "Column names", "none"),
        ({"header_line": None}, "Column names", "in the header"),
        ({"column_names": []}, "Song", "column 1"),
        ({"column_names": ["", " ", "x"]}, "Song", "column 1"),
        ({"columns": {"Song": 1499}}, "Song", "column 1,500"),
        ({"date_style": "YYYYMMDD"}, "Dates", "year, month, day in eight digits, like 20240331"),
        ({"date_style": "iso"}, "Dates", "iso"),
        ({"thousands": "\u202f"}, "Large numbers", "with blanks, like 1\u202f234\u202f567"),
        ({"compression": "zip"}, "Compressed", "as a zip"),
        ({"compression": "lz4"}, "Compressed", "with lz4"),
    ],
)
def test_each_finding_has_its_words(detected: dict[str, Any], label: str, expected: str) -> None:
    assert words(DETECTED | detected)[label] == expected


def test_all_that_processing_may_find_has_words() -> None:
    assert set(detected_format.DATE_WORDS) == set(DateStyle)
    assert set(detected_format.SEPARATORS) >= set(DELIMITERS.values())
    assert set(detected_format.QUOTES) == set(QUOTES.values())
    for mark in THOUSANDS.values():
        assert detected_format.large_number_words(mark).startswith(("with ", "plain"))


def test_nothing_is_said_of_a_file_that_was_not_looked_into(signed_in: FlaskClient, job_in: JobIn) -> None:
    assert found_in({}, JobOptions()) == ()
    assert "What we found" not in signed_in.get(f"/jobs/{job_in(JobState.FAILED)}").text


def test_what_we_ask_about_is_not_said_to_be_found(signed_in: FlaskClient, job_in: JobIn) -> None:
    question = {"options": ["date_style", "encoding"], "choices": [{"value": "DD/MM/YYYY", "label": "day/month/year"}]}
    detected = {"date_style": "DD/MM/YYYY", "encoding": "cp1252"}
    job_id = job_in(JobState.FAILED, error=refusal(question=question), detected=detected)
    page = signed_in.get(f"/jobs/{job_id}").text
    assert "<dt>Separator</dt>" in page
    for option in ("Dates", "Encoding"):
        assert f"<dt>{option}</dt>" not in page
    assert "Found: day/month/year" not in page


def test_jobs_of_earlier_days_tell_what_they_know(signed_in: FlaskClient, job_in: JobIn) -> None:
    assert words(OLD) == {
        "Encoding": "UTF-8",
        "Separator": "commas",
        "Column names": "in the header",
        "Song": "column 1",
        "Date": "column 2",
        "Number of plays": "column 3",
        "Dates": "year-month-day, like 2024-03-31",
    }
    assert "commas" in signed_in.get(f"/jobs/{job_in(JobState.DONE, summary={'detected': OLD})}").text


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_the_page_says_what_was_found_and_what_we_were_told(
    signed_in: FlaskClient, job_in: JobIn, state: JobState
) -> None:
    page = signed_in.get(f"/jobs/{job_in(state, detected=HARD, options=JobOptions(thousands='point'))}").text
    assert "<dt>Encoding</dt><dd>Windows-1252, since it is not UTF-8</dd>" in page
    assert 'like 1.234.567<span class="soft">, as you said</span>' in page
    assert "“&lt;b&gt;Anzahl&lt;/b&gt;”" in page
