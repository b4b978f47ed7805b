"""Reading a file differently: the form, the questions of a refusal, and the new job that comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from common import option_words
from store.database import db
from store.models import Job
from store.options import JobOptions
from store.states import JobState
from tests.jobs import DETECTED as DETECTED_HERE
from tests.jobs import refusal
from webapp.pages import detected_format
from webapp.pages.detected_format import LABELS, column_words
from webapp.pages.options_form import DETECT, DETECTED, MOST_COLUMNS, Field, form_for, question_of

JobIn = Callable[..., str]
OPTIONS = [field.name for field in fields(JobOptions)]
ORDER = [
    {"value": "DD/MM/YYYY", "label": "day/month/year, like 31/03/2024 for 31 March 2024"},
    {"value": "MM/DD/YYYY", "label": "month/day/year, like 03/31/2024 for 31 March 2024"},
]
DATES = {"options": ["date_style"], "choices": ORDER}
COLUMNS = {
    "options": ["song_column", "date_column", "plays_column"],
    "choices": [
        {"value": "1", "label": "<i>Titel</i>"},
        {"value": "2", "label": "Tag"},
        {"value": "3", "label": "Anzahl"},
    ],
}


class Forms(HTMLParser):
    """What each form of a page would send if its first button were pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._form = self.sent.setdefault(f"{found.get('class', '')} {len(self.sent)}", {})
        elif tag == "select":
            self._select = found["name"]
        elif tag == "option" and (self._select not in self._form or "selected" in found):
            self._form[self._select] = found["value"]
        elif tag in ("input", "button") and "name" in found:
            self._form.setdefault(found["name"], found.get("value", ""))


def differently_on(page: str) -> dict[str, str]:
    """What the form for reading differently would send as it stands."""
    (sent,) = (form for form in Forms(page).sent.values() if "thousands" in form)
    return {name: sent[name] for name in OPTIONS}


def field_of(option: str, detected: dict[str, Any], **chosen: str) -> Field:
    groups = form_for(detected, JobOptions(**chosen), {})
    return next(field for group in groups for field in group.fields if field.option == option)


def options_of(app: Flask, location: str) -> dict[str, str]:
    with app.app_context():
        return dict(db.session.get_one(Job, location.removeprefix("/jobs/")).options)


@pytest.mark.parametrize("state", JobState)
def test_a_job_that_has_read_its_file_can_be_read_differently(
    signed_in: FlaskClient, job_in: JobIn, state: JobState
) -> None:
    fragment = signed_in.get(f"/jobs/{job_in(state)}/now").text
    assert ('<details class="differently"' in fragment) is (state in (JobState.DONE, JobState.FAILED))


def test_every_option_has_a_field_and_every_word_a_choice() -> None:
    form = {field.option: field for group in form_for({}, JobOptions(), {}) for field in group.fields}
    assert set(form) == set(OPTIONS)
    for option, words in (
        ("bad_rows", option_words.BAD_ROWS),
        ("corrections", option_words.CORRECTIONS),
        ("encoding", ("", *option_words.ENCODINGS)),
        ("quote", ("", *option_words.QUOTES)),
        ("date_style", ("", *option_words.DATE_STYLES)),
        ("thousands", ("", *option_words.THOUSANDS)),
        ("delimiter", ("", *option_words.DELIMITERS, "^", "~", "#")),
    ):
        assert tuple(choice.value for choice in form[option].choices) == words


@pytest.mark.parametrize("detected", [None, {}])
@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"delimiter": "semicolon", "thousands": "point", "corrections": "allow", "bad_rows": "skip"},
        {"delimiter": "%", "header_line": "none", "song_column": "2", "date_column": "Tag", "plays_column": "12"},
        {"encoding": "mac-roman", "quote": "none", "header_line": "7", "date_style": "DD Month YYYY"},
    ],
)
def test_the_form_as_it_stands_says_what_this_job_was_told(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, chosen: dict[str, str], detected: dict[str, str] | None
) -> None:
    options = JobOptions(**chosen)
    job_id = job_in(JobState.FAILED, options=options, detected=detected)
    sent = differently_on(signed_in.get(f"/jobs/{job_id}").text)
    assert sent == options.values()
    assert options_of(app, signed_in.post(f"/jobs/{job_id}/run-again", data=sent).location) == options.to_json()


def test_a_separator_said_as_a_character_is_chosen_by_its_word() -> None:
    assert (field_of("delimiter", {}, delimiter=";").value, len(field_of("delimiter", {}, delimiter=";").choices)) == (
        "semicolon",
        10,
    )


def test_a_choice_left_to_us_says_what_we_found_last() -> None:
    found = detected_format.words_for(DETECTED_HERE)
    assert field_of("delimiter", DETECTED_HERE).choices[0].label == DETECTED.format(words=found["delimiter"])
    assert field_of("delimiter", DETECTED_HERE, delimiter="tab").choices[0].label == DETECT
    assert field_of("delimiter", {}).choices[0].label == DETECT
    assert field_of("header_line", DETECTED_HERE).hint == DETECTED.format(words=found["header_line"])


def test_columns_are_chosen_by_their_names_where_these_are_known() -> None:
    known = field_of("plays_column", DETECTED_HERE | {"column_names": ["Titel", "Titel", ""]})
    assert [(choice.value, choice.label) for choice in known.choices] == [
        ("", DETECTED.format(words=column_words(2, []))),
        ("1", column_words(0, ["Titel"])),
        ("2", column_words(1, ["", "Titel"])),
        ("3", column_words(2, [])),
    ]


def test_columns_without_names_or_beyond_number_are_asked_for_by_number() -> None:
    assert field_of("song_column", {}).kind == "number"
    assert field_of("song_column", DETECTED_HERE | {"column_names": ["x"] * MOST_COLUMNS}).kind == "number"
    assert field_of("song_column", {}, song_column="Titel").kind == "text"


def test_another_reading_is_a_new_job_over_the_same_file(app: Flask, signed_in: FlaskClient, job_in: JobIn) -> None:
    job_id = job_in(JobState.DONE)
    sent = differently_on(signed_in.get(f"/jobs/{job_id}").text) | {"header_line": " 3 ", "encoding": "cp1252"}
    answer = signed_in.post(f"/jobs/{job_id}/run-again", data=sent)
    assert answer.status_code == 303
    assert options_of(app, answer.location) == {"bad_rows": "stop", "header_line": "3", "encoding": "cp1252"}
    with app.app_context():
        again, before = (db.session.get_one(Job, one) for one in (answer.location.removeprefix("/jobs/"), job_id))
        assert (again.state, before.state, again.upload_id) == (JobState.QUEUED, JobState.DONE, before.upload_id)


@pytest.mark.parametrize(
    ("option", "value"), [("header_line", "thre<e"), ("encoding", "latin1"), ("song_column", "x" * 201), ("quote", "'")]
)
def test_a_wrong_option_is_400_with_the_sentence_at_its_field_and_no_job(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, option: str, value: str
) -> None:
    job_id = job_in(JobState.DONE)
    answer = signed_in.post(f"/jobs/{job_id}/run-again", data={"thousands": "comma", option: value})
    assert answer.status_code == 400
    page = answer.text
    assert f'<p class="problem" role="alert">{option} should be ' in page
    assert f'<span id="wrong" class="wrong">{option} should be ' in page
    assert '<details class="differently" open>' in page
    assert "thre<e" not in page
    sent = differently_on(page)
    assert (sent["thousands"], sent[option]) == ("comma", value)
    with app.app_context():
        assert db.session.query(Job).count() == 1


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.EXPIRED])
def test_a_job_that_goes_on_or_is_past_its_date_is_not_read_again(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, state: JobState
) -> None:
    job_id = job_in(state)
    answer = signed_in.post(f"/jobs/{job_id}/run-again", data={"quote": "none"})
    assert (answer.status_code, answer.location) == (303, f"/jobs/{job_id}")
    with app.app_context():
        assert db.session.query(Job).count() == 1


def test_a_question_with_one_option_has_a_button_for_each_choice(
    app: Flask, signed_in: FlaskClient, job_in: JobIn
) -> None:
    error = refusal(code="dates_ambiguous", bad_rows=0, question=DATES)
    job_id = job_in(JobState.FAILED, error=error, options=JobOptions(bad_rows="skip"))
    page = signed_in.get(f"/jobs/{job_id}").text
    for choice in ORDER:
        words, more = choice["label"].split(", ")
        assert f'<button name="date_style" value="{choice["value"]}">{words}<small>{more}</small>' in page
    answer = signed_in.post(f"/jobs/{job_id}/run-again", data={"date_style": "MM/DD/YYYY"})
    assert options_of(app, answer.location) == {"bad_rows": "skip", "date_style": "MM/DD/YYYY"}


def test_a_question_with_several_options_has_a_select_for_each(
    app: Flask, signed_in: FlaskClient, job_in: JobIn
) -> None:
    job_id = job_in(JobState.FAILED, error=refusal(code="columns_unclear", bad_rows=0, question=COLUMNS))
    page = signed_in.get(f"/jobs/{job_id}").text
    assert page.count("<select name=") == 3 + 7  # those of the question, and of the form for all options
    assert page.count(" required>") == 3
    assert "&lt;i&gt;Titel&lt;/i&gt;" in page
    answer = signed_in.post(
        f"/jobs/{job_id}/run-again", data={"song_column": "1", "date_column": "2", "plays_column": "3"}
    )
    expected = {"bad_rows": "stop", "song_column": "1", "date_column": "2", "plays_column": "3"}
    assert options_of(app, answer.location) == expected


def test_a_question_with_many_choices_is_no_wall_of_buttons() -> None:
    many = {"options": ["encoding"], "choices": [{"value": word, "label": word} for word in option_words.ENCODINGS]}
    question = question_of({"question": many})
    assert question is not None
    assert (question.buttons, [field.label for field in question.fields]) == ((), [LABELS["encoding"]])


@pytest.mark.parametrize("error", [{}, {"question": None}])
def test_most_errors_ask_nothing(error: dict[str, Any]) -> None:
    assert question_of(error) is None
