"""The words of store and processing are the same, and each is handed on as what it means."""

from __future__ import annotations

import pytest

from common.settings import Settings
from processing import options as processing
from processing.date_styles import DateStyle
from processing.options import BadRows, DialectOptions
from store import attempts
from store import options as store
from store.files import Files
from store.options import JobOptions
from tests.worker.conftest import Submit
from worker.options import form_of, options_for


@pytest.mark.parametrize(
    ("words", "meanings"),
    [
        (store.BAD_ROWS, [str(choice) for choice in BadRows]),
        (store.ENCODINGS, processing.ENCODINGS),
        (store.DELIMITERS, processing.DELIMITERS),
        (store.QUOTES, processing.QUOTES),
        (store.THOUSANDS, processing.THOUSANDS),
        (store.DATE_STYLES, [str(style) for style in DateStyle]),
    ],
)
def test_the_store_knows_the_words_of_processing(words: tuple[str, ...], meanings: object) -> None:
    assert words == tuple(meanings)  # type: ignore[call-overload]


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
        ("encoding", store.ENCODINGS),
        ("delimiter", store.DELIMITERS),
        ("quote", store.QUOTES),
        ("date_style", store.DATE_STYLES),
        ("thousands", store.THOUSANDS),
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
