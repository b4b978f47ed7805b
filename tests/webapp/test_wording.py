"""The words of the site: none of those that others are used for, wherever a sentence for people stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from common.option_words import ENCODINGS
from store import accounts
from store.failures import FAILURES_OF_OURS
from store.states import STATES
from tests.banned import banned_in
from tests.paths import ROOT
from webapp.errors.handlers import FORGED, SENTENCES, OverQuota
from webapp.errors.problems import PROBLEM_TYPES
from webapp.pages import detected_format, job_view, jobs, options_form, tokens, upload

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# What no reader of a template sees: Jinja, lines to copy, code within a sentence, and tags but for some attributes.
_UNSEEN = re.compile(r"\{#.*?#\}|\{% call snippet.*?\{% endcall %\}|<code>.*?</code>|\{%.*?%\}|<[^>]*>", re.DOTALL)
_SEEN_IN_TAGS = re.compile(r'(?:title|aria-label|placeholder)="[^"]*"')
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`")


def sentences() -> Iterator[str]:
    """All that stands in a table of words."""
    yield from [*SENTENCES.values(), FORGED, OverQuota.description, OverQuota.of_a_run]
    yield from [
        *FAILURES_OF_OURS.values(),
        *accounts.SENTENCES.values(),
        *(facts.sentence for facts in STATES.values()),
    ]
    for kind in PROBLEM_TYPES.values():
        yield from (str(words) for words in astuple(kind))
    yield from [*ENCODINGS.values(), *detected_format.SEPARATORS.values(), *detected_format.LABELS.values()]
    yield from [*job_view.STEPS.values(), job_view.ASKS, job_view.UNREADABLE, *jobs.FILTERS.values()]
    yield from [jobs.DELETED, jobs.FILE_KEPT, upload.NO_FILE, upload.EMPTY, upload.NO_CHOICE]
    yield from [*options_form._LABELS.values(), options_form.DETECT, options_form.DETECTED]
    yield from [*tokens.SCOPE_WORDS.values(), *tokens.DAY_WORDS.values()]


def test_no_sentence_of_a_table_has_a_banned_word() -> None:
    assert {words: found for words in sentences() if (found := banned_in(words))} == {}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_a_banned_word(path: Path) -> None:
    page = path.read_text()
    seen = "\n".join([_UNSEEN.sub(" ", page), *_SEEN_IN_TAGS.findall(page)])
    assert banned_in(seen) == []
    assert re.findall(r"\}\} %", seen) == []  # no blank before a percent sign


@pytest.mark.parametrize("path", sorted((ROOT / "static").glob("*.js")), ids=lambda path: path.name)
def test_no_script_has_a_banned_word(path: Path) -> None:
    words = [string for string in _STRING.findall(path.read_text()) if " " in string]  # others are ids
    assert {string: found for string in words if (found := banned_in(string))} == {}
