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
from webapp.pages import detected_format, options_form
from webapp.pages.detected_format import LABELS, SEPARATORS, column_words, date_words, found_in, thousands_words

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
    return {line.option or "compression": line.words for line in found_in(detected, chosen or JobOptions())}


def test_an_ordinary_file_is_told_in_ordinary_words() -> None:
    found = words(DETECTED)
    assert list(found) == list(LABELS)
    assert found == {
        "encoding": ENCODINGS["utf-8"],
        "delimiter": SEPARATORS[","],
        "quote": detected_format.QUOTES['"'],
        "header_line": found["header_line"],
        "song_column": column_words(0, ["Song"]),
        "date_column": column_words(1, ["", "Date"]),
        "plays_column": column_words(2, ["", "", "Number of Plays"]),
        "date_style": date_words("YYYY-MM-DD"),
        "thousands": thousands_words(""),
    }
    assert found["header_line"].endswith(" 1")
    assert "2024-03-31" in found["date_style"]


def test_a_file_from_somewhere_else_is_told_as_well() -> None:
    found = words(DETECTED | HARD)
    assert found == {
        "compression": detected_format._COMPRESSIONS["gzip"],
        "encoding": ENCODINGS["cp1252"],
        "delimiter": SEPARATORS[";"],
        "quote": detected_format.QUOTES['"'],
        "header_line": found["header_line"],
        "song_column": column_words(1, ["", "Titel"]),
        "date_column": column_words(3, ["", "", "", "Datum"]),
        "plays_column": column_words(4, HARD["column_names"]),
        "date_style": date_words("DD.MM.YYYY"),
        "thousands": thousands_words("."),
    }
    assert found["header_line"].endswith(" 3")
    assert "31.03.2024" in found["date_style"]
    assert "1.234.567" in found["thousands"]


def test_what_we_were_told_is_said_to_be_told() -> None:
    lines = found_in(DETECTED | HARD, JobOptions(encoding="cp1252", date_column="Datum"))
    assert [line.option for line in lines if line.is_said] == ["encoding", "date_column"]


@pytest.mark.parametrize(
    ("detected", "option", "expected"),
    [
        ({"encoding": "utf-16-le"}, "encoding", ENCODINGS["utf-16-le"]),
        ({"encoding": "koi8-r"}, "encoding", "koi8-r"),
        ({"delimiter": "\t"}, "delimiter", SEPARATORS["\t"]),
        ({"delimiter": "\x1f"}, "delimiter", "1F"),
        ({"delimiter": "%"}, "delimiter", "%"),
        ({"quote": None}, "quote", detected_format.QUOTES[""]),
        ({"escape": "\\"}, "quote", "backslash"),
        ({"column_names": []}, "song_column", column_words(0, [])),
        ({"column_names": ["", " ", "x"]}, "song_column", column_words(0, [])),
        ({"columns": {"Song": 1499}}, "song_column", "1,500"),
        ({"date_style": "YYYYMMDD"}, "date_style", "20240331"),
        ({"date_style": "iso"}, "date_style", "iso"),
        ({"thousands": "\u202f"}, "thousands", "1\u202f234\u202f567"),
        ({"thousands": "_"}, "thousands", "1_234_567"),
        ({"compression": "zip"}, "compression", detected_format._COMPRESSIONS["zip"]),
        ({"compression": "lz4"}, "compression", "lz4"),
    ],
)
def test_each_finding_has_its_words(detected: dict[str, Any], option: str, expected: str) -> None:
    assert expected in words(DETECTED | detected)[option]


def test_what_is_nearly_the_same_is_told_apart() -> None:
    assert words(DETECTED | {"encoding": "utf-8-sig"})["encoding"] != words(DETECTED)["encoding"]
    without, somewhere = ({"header": header, "header_line": None} for header in (False, True))
    assert len({words(DETECTED | one)["header_line"] for one in (without, somewhere, {})}) == 3


def test_all_that_processing_may_find_has_words() -> None:
    assert set(detected_format.DATE_WORDS) == set(DateStyle)
    assert set(detected_format.SEPARATORS) >= set(DELIMITERS.values())
    assert set(detected_format.QUOTES) == set(QUOTES.values())
    for mark in THOUSANDS.values():
        assert thousands_words(mark).startswith(detected_format._THOUSANDS[mark])


def test_nothing_is_said_of_a_file_that_was_not_looked_into(signed_in: FlaskClient, job_in: JobIn) -> None:
    assert found_in({}, JobOptions()) == ()
    assert '<dl class="found">' not in signed_in.get(f"/jobs/{job_in(JobState.FAILED)}").text


def test_what_we_ask_about_is_not_said_to_be_found(signed_in: FlaskClient, job_in: JobIn) -> None:
    question = {"options": ["date_style", "encoding"], "choices": [{"value": "DD/MM/YYYY", "label": "day/month/year"}]}
    detected = {"date_style": "DD/MM/YYYY", "encoding": "cp1252"}
    job_id = job_in(JobState.FAILED, error=refusal(question=question), detected=detected)
    page = signed_in.get(f"/jobs/{job_id}").text
    assert f"<dt>{LABELS['delimiter']}</dt>" in page
    for option in ("date_style", "encoding"):
        assert f"<dt>{LABELS[option]}</dt>" not in page
        assert options_form.DETECTED.format(words=detected_format.words_for(detected)[option]) not in page


def test_jobs_of_earlier_days_tell_what_they_know(signed_in: FlaskClient, job_in: JobIn) -> None:
    found = words(OLD)
    assert found == {
        "encoding": ENCODINGS["utf-8"],
        "delimiter": SEPARATORS[","],
        "header_line": found["header_line"],
        "song_column": column_words(0, []),
        "date_column": column_words(1, []),
        "plays_column": column_words(2, []),
        "date_style": date_words("YYYY-MM-DD"),
    }
    assert SEPARATORS[","] in signed_in.get(f"/jobs/{job_in(JobState.DONE, summary={'detected': OLD})}").text


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_the_page_says_what_was_found_and_what_we_were_told(
    signed_in: FlaskClient, job_in: JobIn, state: JobState
) -> None:
    page = signed_in.get(f"/jobs/{job_in(state, detected=HARD, options=JobOptions(thousands='point'))}").text
    assert f"<dt>{LABELS['encoding']}</dt><dd>{ENCODINGS['cp1252']}</dd>" in page
    assert f'{thousands_words(".")}<span class="soft">' in page
    assert "“&lt;b&gt;Anzahl&lt;/b&gt;”" in page
