"""No messy file of the corpus gives a wrong answer, loses a row, or is refused in words that are not for people."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.corpus import CORPUS, shapes
from tests.corpus.judge import UNFORGIVABLE, Judgement, Verdict, judge
from tests.corpus.running import run_here
from tests.processing.ways import BOTH_WAYS, IN_MEMORY

BY_NAME = {case.name: case for case in CORPUS}
LEAST_CASES, LEAST_BEST = 150, 0.95


@cache
def judged(name: str, use_kernel: bool) -> Judgement:
    flags = () if use_kernel else ("--no-kernel",)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        return judge(BY_NAME[name], run_here(BY_NAME[name], Path(folder), *flags))


@BOTH_WAYS
@pytest.mark.parametrize("name", BY_NAME)
def test_a_messy_file_is_never_wrong_in_silence_nor_loses_a_row_nor_is_refused_in_technical_words(
    name: str, use_kernel: bool
) -> None:
    found = judged(name, use_kernel)
    assert found.verdict not in UNFORGIVABLE, f"{found.verdict}: {found.happened}"


def test_the_corpus_is_large_and_nearly_all_of_it_comes_to_the_best_end() -> None:
    assert len(CORPUS) >= LEAST_CASES
    short_of_it = {
        name: found.happened for name in BY_NAME if (found := judged(name, True)).verdict is not Verdict.BEST
    }
    assert len(short_of_it) <= (1 - LEAST_BEST) * len(CORPUS), short_of_it


def test_each_file_of_the_corpus_has_bytes_and_flags_of_its_own() -> None:
    assert len({(case.data, case.flags) for case in CORPUS}) == len(CORPUS)


def test_the_corpus_is_the_same_each_time() -> None:
    again = {case.name: case for case in shapes.cases()}
    assert {name: BY_NAME[name] for name in again} == again
