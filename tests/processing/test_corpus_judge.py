"""The judge of the corpus calls a perfect run best, and each kind of spoiled one by its name."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import CORPUS
from tests.corpus.cases import Answer, Case, Refused
from tests.corpus.judge import OUTPUT_HEADER, REJECTED_HEADER, Verdict, judge
from tests.corpus.running import Run
from tests.corpus.words import complaint

ANSWERED = next(case for case in CORPUS if case.name == "rows that are too short or too long")
REFUSED = next(case for case in CORPUS if case.name == "no day above 12, with slashes")


def answered(answer: Answer, folder: Path, spoiled: dict[str, Any] | None = None) -> Run:
    """A run that writes this answer; ``spoiled`` replaces keys of its report."""
    totals = answer.totals()
    with (folder / "part-00001.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([OUTPUT_HEADER, *((*key, plays) for key, plays in sorted(totals.items()))])
    bad = [(line, column, "", "It should be something else") for line, column in answer.left_out]
    with (folder / "rejected.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([REJECTED_HEADER, *bad])
    report = {
        "rows_read": len(answer.rows) + len(bad),
        "rows_used": len(answer.rows),
        "bad_rows": len(bad),
        "plays": sum(totals.values()),
        "groups": len(totals),
        "rejected": [dict(zip(("line", "column", "value", "reason"), row, strict=True)) for row in bad[:1000]],
    }
    return Run(0, json.dumps(report | (spoiled or {})), "", folder)


def refused(code: str, folder: Path, message: str = "Day and month could be either way round.") -> Run:
    return Run(1, json.dumps({"error": {"code": code, "message": message, "line": None, "value": None}}), "", folder)


def verdict_on(answer: Answer, folder: Path, case: Case = ANSWERED, **spoiled: Any) -> Verdict:
    return judge(case, answered(answer, folder, spoiled)).verdict


@pytest.fixture
def best() -> Answer:
    assert isinstance(ANSWERED.expected, Answer)
    return ANSWERED.expected


def test_the_best_end_of_each_case_is_called_best(tmp_path: Path) -> None:
    for number, case in enumerate(CORPUS):
        folder = tmp_path / str(number)
        folder.mkdir()
        if isinstance(case.expected, Answer):
            found = judge(case, answered(case.expected, folder))
        else:
            message = {"code": case.expected.codes[0], "message": "It is so.", "line": case.expected.line, "value": ""}
            found = judge(case, Run(1, json.dumps({"error": message}), "", folder))
        assert found.verdict is Verdict.BEST, (case.name, found)


def test_a_row_too_few_or_too_many_or_changed_is_wrong_in_silence(best: Answer, tmp_path: Path) -> None:
    first = best.rows[0]
    for rows in (
        best.rows[1:],
        (*best.rows, first),
        (replace(first, plays=first.plays + 1), *best.rows[1:]),
        (replace(first, song=first.song + " "), *best.rows[1:]),
        (replace(first, day="2024-01-01"), *best.rows[1:]),
    ):
        assert verdict_on(replace(best, rows=rows), tmp_path) is Verdict.SILENT_WRONG


def test_a_bad_row_that_is_not_listed_is_dropped(best: Answer, tmp_path: Path) -> None:
    assert verdict_on(replace(best, left_out=best.left_out[1:]), tmp_path) is Verdict.DROPPED
    (line, column), *others = best.left_out
    assert verdict_on(replace(best, left_out=((line + 90, column), *others)), tmp_path) is Verdict.DROPPED
    assert verdict_on(best, tmp_path, rows_read=99) is Verdict.DROPPED
    assert verdict_on(best, tmp_path, rejected=[]) is Verdict.DROPPED


def test_a_good_row_that_is_left_out_or_a_bad_one_for_another_reason_is_not_best(best: Answer, tmp_path: Path) -> None:
    assert verdict_on(best.without(best.rows[0].line), tmp_path) is Verdict.NOT_BEST
    wrong = tuple((line, "Song") for line, _ in best.left_out)
    assert verdict_on(replace(best, left_out=wrong), tmp_path) is Verdict.NOT_BEST


def test_a_weaker_end_is_acceptable_where_the_case_says_so(best: Answer, tmp_path: Path) -> None:
    weaker = best.without(best.rows[0].line)
    case = replace(ANSWERED, also=(weaker, Refused.by("maybe_*")))
    assert verdict_on(weaker, tmp_path, case) is Verdict.ACCEPTABLE
    assert judge(case, refused("maybe_so", tmp_path)).verdict is Verdict.ACCEPTABLE
    assert judge(case, refused("other", tmp_path)).verdict is Verdict.NOT_BEST


def test_an_answer_where_the_file_must_be_refused_is_wrong_in_silence(best: Answer, tmp_path: Path) -> None:
    assert judge(REFUSED, refused("dates_ambiguous", tmp_path)).verdict is Verdict.BEST
    assert judge(REFUSED, refused("columns_missing", tmp_path)).verdict is Verdict.NOT_BEST
    assert verdict_on(best, tmp_path, REFUSED) is Verdict.SILENT_WRONG


def test_a_crash_is_technical(tmp_path: Path) -> None:
    for run in (Run(2, "", "usage:", tmp_path), Run(1, "", "", tmp_path), Run(1, "{}", "Traceback (most", tmp_path)):
        assert judge(REFUSED, run).verdict is Verdict.TECHNICAL
    assert judge(REFUSED, refused("dates_ambiguous", tmp_path, "KeyError: 'x'.")).verdict is Verdict.TECHNICAL


@pytest.mark.parametrize(
    "sentence",
    [
        "The 'utf-8' codec cannot decode byte 0xfc.",
        "The file has None lines.",
        "KeyError: 'Song'.",
        "The code is bad_rows.",
        "the file is empty.",
        "The file is empty",
        "",
        "Line 3 says \x1b[2J.",
        "Line 3 could not be parsed.",
    ],
)
def test_sentences_that_are_not_for_people_are_found(sentence: str) -> None:
    assert complaint(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The file is empty. Choose a file with rows in it.",
        "1 of 7 rows can't be read, on line 3: \"KeyError\" isn't a whole number.",
        "This file was saved as UTF-32. Save it as CSV UTF-8, then upload that.",
        "Is 01/02/2024 the 1st of February or the 2nd of January?",
    ],
)
def test_sentences_for_people_pass(sentence: str) -> None:
    assert complaint(sentence) is None
