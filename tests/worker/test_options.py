"""Each word of a job's options is handed on as what it means."""

from __future__ import annotations

import pytest

from common import option_words
from common.option_words import BadRows, DateStyle
from common.settings import Settings
from processing.options import DialectOptions
from store import attempts
from store.files import Files
from store.options import JobOptions
from tests.worker.conftest import Submit
from worker.options import form_of, options_for


def test_what_is_not_said_is_found_out() -> None:
    assert form_of(JobOptions()) == DialectOptions()


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ({"encoding": "cp1252"}, DialectOptions(encoding="cp1252")),
        ({"delimiter": "tab"}, DialectOptions(delimiter="\t")),
        ({"delimiter": "blank"}, DialectOptions(delimiter=" ")),
        ({"delimiter": "^"}, DialectOptions(delimiter="^")),
        ({"quote": "double"}, DialectOptions(quote='"')),
        ({"quote": "none"}, DialectOptions(quote="")),
        ({"header_line": "12"}, DialectOptions(header_line=12)),
        ({"header_line": "none"}, DialectOptions(header_line=0)),
        ({"date_style": "DD.MM.YYYY"}, DialectOptions(date_style=DateStyle.DAY_FIRST_DOTS)),
        ({"thousands": "blank"}, DialectOptions(thousands=" ")),
        ({"thousands": "none"}, DialectOptions(thousands="")),
        ({"song_column": "Titel"}, DialectOptions(columns=("Titel", None, None))),
        ({"date_column": "2", "plays_column": "3"}, DialectOptions(columns=(None, "2", "3"))),
    ],
)
def test_what_is_said_is_handed_on(said: dict[str, str], form: DialectOptions) -> None:
    assert form_of(JobOptions(**said)) == form


def test_each_word_means_something() -> None:
    for option, words in (
        ("encoding", option_words.ENCODINGS),
        ("delimiter", option_words.DELIMITERS),
        ("quote", option_words.QUOTES),
        ("date_style", option_words.DATE_STYLES),
        ("thousands", option_words.THOUSANDS),
    ):
        forms = [form_of(JobOptions(**{option: word})) for word in words]
        assert DialectOptions() not in forms
        assert len(set(forms)) == len(words)


def test_an_attempt_is_run_as_its_job_says_and_the_settings_allow(
    submit: Submit, settings: Settings, files: Files
) -> None:
    job = submit(options=JobOptions(bad_rows="skip", corrections="allow", quote="single"))
    claim = attempts.claim(job.id, 1, 30)
    assert claim is not None
    told = options_for(claim, settings, files)
    assert (told.bad_rows, told.corrections, told.dialect) == (BadRows.SKIP, True, DialectOptions(quote="'"))
    assert (told.max_part_bytes, told.memory_bytes) == (settings.max_single_file_size, settings.memory_limit)
    assert told.scratch is not None
    assert told.scratch.is_dir()
