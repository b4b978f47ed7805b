"""A question that may hang never holds up whoever waits for its answer."""

from __future__ import annotations

import threading

import pytest

from tests.processes import eventually
from webapp.monitoring.probe import Probe


def test_an_answer_comes_with_its_value() -> None:
    answer = Probe("it", lambda: 7, 60).begin()()
    assert (answer.ok, answer.value) == (True, 7)


def test_an_error_is_no_answer_and_stands_in_the_log_once_until_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    broken = True

    def question() -> int:
        if broken:
            raise OSError("gone\nwith more below")
        return 1

    probe = Probe("it", question, 60)
    assert [probe.begin()().ok, probe.begin()().ok] == [False, False]
    broken = False
    assert [probe.begin()().ok, probe.begin()().ok] == [True, True]
    assert caplog.messages == ["it unreachable: gone", "it reachable again"]


def test_a_question_that_hangs_is_given_up_and_not_asked_twice() -> None:
    release, asked = threading.Event(), []

    def question() -> str:
        asked.append(threading.current_thread())
        release.wait()
        return "late"

    probe = Probe("it", question, 0.01)
    assert [probe.begin()().ok for _ in range(3)] == [False] * 3
    assert len(asked) == 1
    release.set()
    asked[0].join()
    assert eventually(lambda: probe.begin()().value) == "late"
    assert len(asked) > 1


def test_an_answer_that_is_looked_at_late_was_not_late() -> None:
    waiting = Probe("it", lambda: 7, 3600).begin()
    first = waiting()
    assert first.ok
    assert waiting() == first  # the time is that of the answer, not of the look


def test_several_are_asked_at_once() -> None:
    both = threading.Barrier(2, timeout=60)
    waiting = [Probe(name, both.wait, 60).begin() for name in ("one", "other")]
    assert [wait().ok for wait in waiting] == [True, True]
