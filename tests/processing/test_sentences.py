"""The table of sentences: each key that is raised is in it, formats with what it is raised with, and reads well."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from common.option_words import DateStyle
from processing import file_types
from processing.errors import Choice, Question, RefusedError
from processing.result import BadRow
from processing.sentences import LABELS, REASONS, REFUSALS, bad_row_json, error_json, label, reason, refusal
from tests.banned import banned_in
from tests.corpus.words import complaint
from tests.paths import ROOT

# What every key of a table may use.
ALWAYS = {
    "RefusedError": {"line", "column", "value", "bad_rows"},
    "BadValueError": {"column", "value"},
    "Choice": set[str](),
}
TABLES = {"RefusedError": REFUSALS, "BadValueError": REASONS, "Choice": LABELS}
# One value for each parameter, as it is kept.
PARAMS: dict[str, Any] = {
    "line": 1234,
    "column": "Number of Plays",
    "value": "12.5",
    "bad_rows": 3,
    "rows": 2000,
    "reason": "not_whole",
    "missing": ["Song", "Date"],
    "names": ["Title", "Track", "Titel"],
    "name": "Song",
    "count": 4,
    "files": ["a.csv", "b.csv"],
    "day_first": "2024-10-03",
    "month_first": "2024-03-10",
    "date": "2024-10-03",
    "like": "DD/MM/YYYY",
    "style": "MM/DD/YYYY",
    "start": 4096,
    "megabytes": 64,
    "max_bytes": 500,
    "compression": "gzip",
    "packed": 1000,
    "unpacked": 1 << 30,
    "cause": "File exists",
    "found": 2,
    "expected": 3,
    "delimiter": ";",
    "written": "2.101",
    "number": 2101,
    "encoding": "cp1252",
}


@dataclass(frozen=True, slots=True)
class Raised:
    """One place in the source at which something with a key is made."""

    table: str
    keys: frozenset[str]
    params: frozenset[str]
    place: str


def calls() -> Iterator[Raised]:
    """Each call that makes a refusal, a bad row or a choice with keys that stand there."""
    for path in sorted((ROOT / "processing").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in TABLES:
                continue
            table = node.func.id
            at = {"RefusedError": 0, "BadValueError": 2, "Choice": 1}[table]
            keys = {
                leaf.value
                for leaf in ast.walk(node.args[at])
                if isinstance(leaf, ast.Constant)
                if leaf.value in TABLES[table]
            }
            given = {keyword.arg for keyword in node.keywords if keyword.arg}
            if table == "Choice" and len(node.args) > 2:
                assert isinstance(node.args[2], ast.Dict)
                given |= {key.value for key in node.args[2].keys if isinstance(key, ast.Constant)}
            yield Raised(table, frozenset(keys), frozenset(given), f"{path.name}:{node.lineno}")


CALLS = list(calls())


def fields_of(template: str) -> set[str]:
    names = {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name}
    return {name.partition("[")[0] for name in names}


def keys_elsewhere() -> dict[str, set[str]]:
    """Keys that are put together or handed on before they reach the call."""
    others = {*file_types._OTHERS.values(), *file_types._OFFICE.values()}
    unclear = {"columns_unclear", "columns_unclear.names", "columns_unclear.chosen"}
    return {
        "RefusedError": {f"not_a_csv.{kind}" for kind in others}
        | unclear
        | {"archive_several", "archive_several.more", "files", "unknown"},
        "BadValueError": {"unknown"},
        "Choice": set(),
    }


@pytest.mark.parametrize("table", TABLES)
def test_each_key_that_is_raised_is_in_the_table_and_each_one_there_is_raised(table: str) -> None:
    raised = {key for call in CALLS if call.table == table for key in call.keys}
    assert raised | keys_elsewhere()[table] == set(TABLES[table])


@pytest.mark.parametrize("call", [call for call in CALLS if call.keys], ids=lambda call: call.place)
def test_each_sentence_has_all_its_parameters_where_it_is_raised(call: Raised) -> None:
    for key in call.keys:
        assert fields_of(TABLES[call.table][key]) <= call.params | ALWAYS[call.table]


@pytest.mark.parametrize("place", [call.place for call in CALLS if not call.keys])
def test_a_call_whose_key_is_no_word_there_is_one_of_few(place: str) -> None:
    assert place.partition(":")[0] in ("file_types.py", "inspect.py")


@pytest.mark.parametrize("key", REFUSALS)
def test_each_refusal_is_a_sentence_for_people(key: str) -> None:
    sentence = refusal(key, PARAMS)
    assert complaint(sentence) is None
    assert banned_in(sentence) == []


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_is_a_sentence_for_people_but_for_its_point(code: str) -> None:
    for value in ("12.5", "many", 'say "hi"', "a\tb", ""):
        sentence = reason(code, "Date", value, PARAMS)
        assert complaint(f"Line 1: {sentence}.", shown=value) is None
        assert not sentence.endswith(".")
        assert banned_in(sentence) == []


@pytest.mark.parametrize("key", LABELS)
def test_each_label_formats(key: str) -> None:
    assert banned_in(label(key, PARAMS)) == []


def test_only_a_number_or_date_stands_without_quotes() -> None:
    plain = [
        value
        for value in ("12.5", "-5", "31/03/2024", "x", "1 2", "", "12px", "1e3")
        if value in reason("not_whole", "Date", value, {}).split()
    ]
    assert plain == ["12.5", "-5", "31/03/2024"]
    assert reason("not_whole", "Date", "a\nb", {}).startswith('"a␊b"')


def test_a_refusal_for_bad_rows_has_the_reason_of_the_first_one_in_it() -> None:
    facts = {"bad_rows": 2, "rows": 9, "line": 7, "column": "Number of Plays"}
    first = refusal("bad_rows", facts | {"value": "12.5", "reason": "not_whole"})
    assert f" {reason('not_whole', 'Number of Plays', '12.5', {})}. " in first
    second = refusal("bad_rows", facts | {"value": "-5", "reason": "negative"})
    assert f" {reason('negative', 'Number of Plays', '-5', {})} " in second


@pytest.mark.parametrize("style", DateStyle)
def test_a_style_is_shown_by_an_example_of_it(style: DateStyle) -> None:
    assert reason("not_a_date", "Date", "soon", {"style": str(style)})


def test_an_error_that_was_kept_gives_the_same_object_as_the_refusal() -> None:
    choice = Choice("DD/MM/YYYY", "day_first", {"date": "2024-10-03"})
    error = RefusedError(
        "dates_ambiguous",
        line=2,
        column="Date",
        value="03/10/2024",
        question=Question(("date_style",), (choice,)),
        day_first="2024-10-03",
        month_first="2024-03-10",
    )
    found = error.to_json()
    assert found == error_json(error.to_record())
    assert list(found) == ["code", "message", "line", "column", "value", "bad_rows", "question"]
    assert found["message"] == str(error) == refusal("dates_ambiguous", error.to_record() | error.params)
    assert found["question"]["choices"] == [{"value": "DD/MM/YYYY", "label": label(choice.key, choice.params)}]


def test_what_was_kept_in_earlier_days_with_its_words_stays_as_it_is() -> None:
    question = {"options": ["quote"], "choices": [{"value": "none", "label": "none"}]}
    error = {"code": "bad_rows", "message": "Line 2 has no date.", "line": 2, "question": question}
    assert error_json(error) == error
    row = {"line": 2, "column": "Date", "value": "", "reason": "has no date"}
    assert bad_row_json(row) == row


def test_what_another_version_kept_has_a_sentence_even_where_this_one_cannot_make_it() -> None:
    kept = {"code": "bad_rows", "key": "bad_rows.next_year", "params": {}, "line": None}
    assert error_json(kept) == {"code": "bad_rows", "message": REFUSALS["unknown"], "line": None}
    assert error_json({"code": "bad_rows"})["message"] == REFUSALS["unknown"]  # without its parameters
    place = {"line": 2, "column": "Date", "value": "soon"}
    assert bad_row_json(place | {"code": "odd", "params": {}}) == place | {"reason": REASONS["unknown"]}
    question = {"options": ["quote"], "choices": [{"value": "none", "key": "odd", "params": {}}]}
    assert error_json(kept | {"question": question})["question"]["choices"] == [{"value": "none", "label": "none"}]


def test_a_bad_row_says_its_reason() -> None:
    row = BadRow(2, "Date", "soon", "not_a_date", {"style": "DD/MM/YYYY"})
    kept = {"line": 2, "column": "Date", "value": "soon", "code": row.code, "params": row.params}
    assert bad_row_json(kept) == {"line": 2, "column": "Date", "value": "soon", "reason": row.reason}
