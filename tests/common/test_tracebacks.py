"""Traces tell where and why, and nothing that stands in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from common.tracebacks import LONGEST, trace_of
from store.database import db


class RefusedError(Exception):
    """As processing has it: its words quote the file."""


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def trace_from(fail: Callable[[], object], *, has_contents: bool) -> str:
    try:
        fail()
    except Exception as error:
        return trace_of(error, error.__traceback__, has_contents=has_contents)
    raise AssertionError("it did not fail")


def fails_with(error: Exception, cause: Exception | None = None) -> Callable[[], object]:
    def fail() -> None:
        raise error from cause

    return fail


@pytest.mark.parametrize("error", [ValueError("Umbrella"), KeyError("Umbrella"), RefusedError("says Umbrella")])
def test_words_that_may_quote_the_file_are_withheld_where_one_is_at_hand(error: Exception) -> None:
    trace = trace_from(fails_with(error), has_contents=True)
    assert "Umbrella" not in trace
    assert trace.splitlines()[-1].startswith(f"{type(error).__name__}" if type(error) is not RefusedError else "tests.")
    assert "raise error from cause" in trace  # where it was, all the same
    assert "Umbrella" in trace_from(fails_with(error), has_contents=False)


def test_words_of_causes_are_withheld_too() -> None:
    trace = trace_from(fails_with(OSError("no room"), ValueError("Umbrella")), has_contents=True)
    assert trace.endswith("OSError: no room")
    assert "ValueError: (its words are withheld" in trace
    assert "Umbrella" not in trace


@pytest.mark.parametrize("error", [OSError("why"), MemoryError("why"), sqlite3.OperationalError("why")])
def test_words_that_cannot_quote_it_are_kept(error: Exception) -> None:
    assert trace_from(fails_with(error), has_contents=True).endswith(": why")


def test_values_of_statements_are_in_no_error_of_the_database(store_app: Flask) -> None:
    song = "Umbrella"

    def fail() -> None:
        db.session.execute(text("SELECT * FROM nowhere WHERE song = :song"), {"song": song})

    trace = trace_from(fail, has_contents=False)
    assert "nowhere" in trace
    assert "Umbrella" not in trace
    with pytest.raises(SQLAlchemyError) as error:
        fail()
    assert "Umbrella" not in str(error.value)


def test_a_long_trace_keeps_its_beginning_and_its_end() -> None:
    trace = trace_from(fails_with(OSError("x" * 10 * LONGEST + "end")), has_contents=False)
    assert len(trace) <= LONGEST + 10
    assert trace.endswith("end")


def test_an_error_without_words_or_one_that_caused_itself_costs_no_line() -> None:
    assert trace_from(fails_with(SpeechlessError()), has_contents=False).endswith("(it has no words)")
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert trace_of(first, None, has_contents=False) == "ValueError: 2\nwhich led to:\nValueError: 1"
