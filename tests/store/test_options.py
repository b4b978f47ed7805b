"""Options of a job: what may be said, in which words a wrong one is told, and what the database keeps."""

from __future__ import annotations

import string
from dataclasses import fields
from typing import Any

import pytest

from store.options import DEFAULTS, JobOptions, OptionsError

EVERYTHING = {
    "bad_rows": "skip",
    "encoding": "cp1252",
    "delimiter": "semicolon",
    "quote": "none",
    "header_line": "3",
    "date_style": "DD/MM/YYYY",
    "thousands": "point",
    "song_column": "Titel",
    "date_column": "2",
    "plays_column": "Anzahl der Wiedergaben",
    "corrections": "allow",
}


def test_by_default_a_bad_row_stops_and_all_else_is_found_out() -> None:
    assert JobOptions().values() == dict.fromkeys(EVERYTHING, "") | {"bad_rows": "stop", "corrections": "refuse"}
    assert JobOptions().values() == DEFAULTS


def test_what_the_database_keeps_gives_the_same_options_again() -> None:
    assert JobOptions.from_json(EVERYTHING).to_json() == EVERYTHING
    assert JobOptions.from_json(EVERYTHING) == JobOptions(**EVERYTHING)
    assert set(EVERYTHING) == {field.name for field in fields(JobOptions)}


def test_what_was_not_chosen_is_not_kept() -> None:
    assert JobOptions().to_json() == {"bad_rows": "stop"}
    assert JobOptions(quote="none").to_json() == {"bad_rows": "stop", "quote": "none"}


@pytest.mark.parametrize("old", [{}, {"bad_rows": "stop"}, {"bad_rows": "skip"}])
def test_jobs_of_earlier_days_are_read(old: dict[str, str]) -> None:
    assert JobOptions.from_json(old) == JobOptions(**old)


def test_an_option_that_does_not_exist_is_never_ignored() -> None:
    with pytest.raises(OptionsError, match="There is no option 'separator', only bad_rows, encoding") as refused:
        JobOptions.from_json({"bad_rows": "stop", "separator": ";"})
    assert refused.value.option == "separator"


@pytest.mark.parametrize(
    "mark", [mark for mark in map(chr, range(1, 128)) if not mark.isalnum() and mark not in "\"'\r\n"]
)
def test_any_character_that_is_no_part_of_a_value_may_separate(mark: str) -> None:
    assert JobOptions(delimiter=mark).delimiter == mark


@pytest.mark.parametrize("mark", [*string.ascii_letters, *string.digits, *"\"'\r\n\0§😀", ";;", "comma "])
def test_no_other_delimiter_will_do(mark: str) -> None:
    with pytest.raises(OptionsError, match=r"^delimiter should be comma, semicolon, .* or one character of ASCII"):
        JobOptions(delimiter=mark)


@pytest.mark.parametrize("line", ["none", "1", "7", "007", "999999999"])
def test_a_header_has_a_line_or_there_is_none(line: str) -> None:
    assert JobOptions(header_line=line).header_line == line


@pytest.mark.parametrize("line", ["0", "-1", "1.5", "one", "٣", "1" * 5000, " 1", "none\n"])
def test_no_other_line_will_do(line: str) -> None:
    with pytest.raises(OptionsError, match=r"^header_line should be the number of a line from 1, or none"):
        JobOptions(header_line=line)


@pytest.mark.parametrize("column", ["1", "Titel", "x" * 200, "🎵", " blanks at both ends ", "'; DROP TABLE"])
def test_a_column_is_any_short_text(column: str) -> None:
    assert JobOptions(song_column=column, date_column=column, plays_column=column).song_column == column


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("bad_rows", "guess", "bad_rows should be stop or skip, but is 'guess'."),
        ("bad_rows", None, "bad_rows should be stop or skip, but is None."),
        ("corrections", "yes", "corrections should be refuse or allow, but is 'yes'."),
        ("quote", '"', "quote should be double, single or none (or empty), but is '\"'."),
        ("thousands", ",", "thousands should be none, comma, point, apostrophe or blank (or empty), but is ','."),
        ("header_line", 3, "header_line should be the number of a line from 1, or none (or empty), but is 3."),
        ("plays_column", True, "plays_column should be the name of a column or its number from 1, of up to 200 "
         "characters, but is True."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_what_it_should_be_and_what_it_is(option: str, value: Any, sentence: str) -> None:
    with pytest.raises(OptionsError) as refused:
        JobOptions(**{option: value})
    assert (str(refused.value), refused.value.option) == (sentence, option)


@pytest.mark.parametrize(
    ("option", "value"),
    [("encoding", "latin1"), ("encoding", "UTF-8"), ("date_style", "yyyy-mm-dd"), ("song_column", "x" * 201)],
)
def test_a_value_that_is_nearly_right_is_wrong(option: str, value: str) -> None:
    with pytest.raises(OptionsError, match=f"^{option} should be "):
        JobOptions(**{option: value})


def test_half_a_character_is_refused_in_words_that_can_be_sent() -> None:
    with pytest.raises(OptionsError) as refused:
        JobOptions(date_column="\ud800")
    assert str(refused.value).encode()


def test_a_long_wrong_value_is_told_in_short() -> None:
    for value in ("x" * 10_000, ["x" * 10_000]):
        with pytest.raises(OptionsError) as refused:
            JobOptions(encoding=value)  # type: ignore[arg-type]
        assert len(str(refused.value)) < 300


def test_changes_replace_what_they_name_and_leave_the_rest() -> None:
    before = JobOptions(**EVERYTHING)
    after = before.with_changes({"bad_rows": "stop", "delimiter": "|"})
    assert after.values() == EVERYTHING | {"bad_rows": "stop", "delimiter": "|"}


@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_change_goes_back_to_finding_out(nothing: str | None) -> None:
    before = JobOptions(**EVERYTHING)
    assert before.with_changes(dict.fromkeys(EVERYTHING, nothing)) == JobOptions()


@pytest.mark.parametrize("value", [0, False, [], {}])
def test_what_is_no_text_is_no_empty_text_either(value: Any) -> None:
    with pytest.raises(OptionsError, match=r"^header_line should be"):
        JobOptions().with_changes({"header_line": value})
