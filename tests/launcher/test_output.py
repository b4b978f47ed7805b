"""Lines of many processes, told apart, kept in a log of bounded size."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from launcher import output as outputs
from launcher.output import Lines, Output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_that_arrive_in_pieces_are_put_together() -> None:
    lines = Lines()
    assert lines.feed(b"on") == []
    assert lines.feed(b"e\ntwo\r\nthr") == ["one", "two"]
    assert lines.feed(b"") == ["thr"]


def test_bytes_that_are_no_text_and_lines_without_end_are_printed_all_the_same() -> None:
    assert Lines().feed(b"\xff\n") == ["�"]
    assert Lines().feed(b"x" * 20_000) == ["x" * 20_000]


def test_a_terminal_gets_a_colour_for_each_name_and_the_log_none(tmp_path: Path) -> None:
    log, screen = tmp_path / "all.log", Terminal()
    output = Output(log, 4, screen)
    output.line("web", "a")
    output.line("work", "b")
    output.close()
    first, second = screen.getvalue().splitlines()
    assert first.partition("web")[0] != second.partition("work")[0]
    assert log.read_text() == "web  | a\nwork | b\n"


def test_a_log_that_grows_too_large_makes_way_for_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "LARGEST_LOG", 10)
    log = tmp_path / "all.log"
    output = Output(log, 4, io.StringIO())
    for text in ("first", "second", "third"):
        output.line("web", text)
    output.close()
    assert log.read_text() == "web  | third\n"
    assert (tmp_path / "all.log.1").read_text() == "web  | second\n"


def test_what_is_shown_is_not_logged(tmp_path: Path) -> None:
    screen = io.StringIO()
    output = Output(tmp_path / "all.log", 4, screen)
    output.show("a secret")
    output.close()
    assert "a secret" in screen.getvalue()
    assert (tmp_path / "all.log").read_text() == ""
