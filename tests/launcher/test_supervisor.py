"""The supervisor with small programs of the shell."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import supervisor as supervisors
from launcher.output import Output
from launcher.programs import Program
from launcher.supervisor import Supervisor
from tests.processes import is_alive


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(tmp_path: Path, screen: io.StringIO) -> Iterator[Supervisor]:
    output = Output(tmp_path / "logs" / "all.log", 6, screen)
    running = Supervisor(output, dict(os.environ))
    yield running
    running.stop()
    output.close()


@pytest.mark.usefixtures("processes")
def test_the_lines_of_a_program_are_printed_behind_its_name(supervisor: Supervisor, screen: io.StringIO) -> None:
    supervisor.start(Program("talker", "sh -c 'echo one >&2; printf \"two\\nthree\"; sleep 1000'"))
    assert supervisor.run_until(lambda: "two" in screen.getvalue(), 60)
    supervisor.stop()
    assert screen.getvalue().splitlines() == ["talker | one", "talker | two", "talker | three"]


@pytest.mark.usefixtures("processes")
def test_a_program_that_ends_is_started_again_after_longer_and_longer_pauses(
    supervisor: Supervisor, screen: io.StringIO
) -> None:
    supervisor.start(Program("short", "sh -c 'exit 3'"))
    assert supervisor.run_until(lambda: "in 1 seconds" in screen.getvalue(), 60)
    assert "short  | short ended with code 3; restarting in 0.5 seconds" not in screen.getvalue()
    assert "launcher | short ended with code 3; restarting in 0.5 seconds" in screen.getvalue()


@pytest.mark.usefixtures("processes")
def test_what_a_dead_program_left_in_its_group_dies_too(supervisor: Supervisor, screen: io.StringIO) -> None:
    supervisor.start(Program("parent", "sh -c 'sleep 1000 & echo left $!; sleep 1000'"))
    assert supervisor.run_until(lambda: "left" in screen.getvalue(), 60)
    left = int(screen.getvalue().split()[-1])
    parent = supervisor.others()[0].process
    assert parent is not None
    os.kill(parent.pid, signal.SIGKILL)
    assert supervisor.run_until(lambda: not is_alive(left), 60)


@pytest.mark.usefixtures("processes")
def test_a_program_that_does_not_heed_sigterm_is_killed(
    supervisor: Supervisor, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "SECONDS_TO_STOP", 0.2)
    child = supervisor.start(Program("deaf", "sh -c 'trap \"\" TERM; echo ready; while :; do sleep 1; done'"))
    assert supervisor.run_until(lambda: "ready" in screen.getvalue(), 60)
    supervisor.stop()
    assert not child.is_running()


def test_a_condition_that_never_holds_is_given_up(supervisor: Supervisor) -> None:
    assert not supervisor.run_until(lambda: False, 0.1)
