"""Failures of ours: what the row of a job keeps, and the sentence that comes of it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import pytest

from store.failures import FAILURES_OF_OURS, error_json, failure
from tests.banned import banned_in
from tests.corpus.words import complaint
from tests.paths import ROOT


def of_file(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": error["code"], "message": "The file is empty."}


@pytest.mark.parametrize("code", FAILURES_OF_OURS)
def test_each_failure_has_a_sentence_for_people(code: str) -> None:
    shown = error_json(failure(code, tries=3), of_file)
    assert complaint(shown["message"]) is None
    assert banned_in(shown["message"]) == []
    assert shown == {
        "code": code,
        "message": shown["message"],
        "line": None,
        "column": None,
        "value": None,
        "bad_rows": 0,
    }


def test_each_code_that_a_job_may_fail_with_for_our_sake_is_in_the_table_and_the_other_way_round() -> None:
    words = {
        leaf.value
        for name in ("worker/failures.py", "worker/rq_worker.py", "store/attempts.py")
        for leaf in ast.walk(ast.parse((ROOT / name).read_text()))
        if isinstance(leaf, ast.Constant)
    }
    assert set(FAILURES_OF_OURS) <= words
    with pytest.raises(KeyError):
        error_json(failure("worker_died"), of_file)  # whose sentence has a parameter


def test_an_error_of_the_file_or_of_earlier_days_is_left_to_others() -> None:
    kept = {"code": "disk_full", "message": "Our disk is full."}
    assert error_json(kept, lambda error: dict(error)) == kept
    assert error_json({"code": "empty_file"}, of_file) == of_file({"code": "empty_file"})
