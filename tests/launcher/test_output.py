"""Lines of many processes, told apart: for people on the screen, as JSON in a log of bounded size."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from launcher import output as outputs
from launcher.output import LineSplitter, Output

LINE = {
    "time": "2026-01-31T09:30:00.125Z",
    "level": "info",
    "process": "worker-small",
    "message": "done",
    "job": "3f2b" + "0" * 28,
    "attempt": 1,
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def kept(log: Path) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_lines_that_arrive_in_pieces_are_put_together() -> None:
    lines = LineSplitter()
    assert lines.feed(b"on") == []
    assert lines.feed(b"e\ntwo\r\nthr") == ["one", "two"]
    assert lines.feed(b"") == ["thr"]


def test_bytes_that_are_no_text_and_lines_without_end_are_printed_all_the_same() -> None:
    assert LineSplitter().feed(b"\xff\n") == ["�"]
    assert LineSplitter().feed(b"x" * 200_000) == ["x" * 200_000]


def test_a_terminal_gets_a_colour_for_each_name_and_the_log_none(tmp_path: Path) -> None:
    log, screen = tmp_path / "all.log", Terminal()
    output = Output(log, 4, screen)
    output.line("web", "a")
    output.line("work", "b")
    output.close()
    first, second = screen.getvalue().splitlines()
    assert first.partition("web")[0] != second.partition("work")[0]
    assert "\x1b" not in log.read_text()
    assert [(line["process"], line["message"]) for line in kept(log)] == [("web", "a"), ("work", "b")]


def test_a_json_line_is_read_by_people_on_the_screen_and_kept_whole_with_its_process(tmp_path: Path) -> None:
    log, screen = tmp_path / "all.log", io.StringIO()
    output = Output(log, 14, screen)
    output.line("worker-small.2", json.dumps(LINE))
    output.close()
    clock = datetime.fromisoformat(LINE["time"]).astimezone().strftime("%H:%M:%S")
    assert screen.getvalue() == f"worker-small.2 | {clock} info done (job 3f2b0000…)\n"
    assert kept(log) == [LINE | {"process": "worker-small.2"}]


def test_a_trace_stands_below_its_line_and_is_one_line_in_the_log(tmp_path: Path) -> None:
    log, screen = tmp_path / "all.log", io.StringIO()
    output = Output(log, 3, screen)
    output.line("web", json.dumps(LINE | {"error": {"type": "OSError", "trace": "File x\nOSError: no room"}}))
    output.close()
    head, *trace = screen.getvalue().splitlines()
    assert head.endswith("done (job 3f2b0000…)")
    assert trace == ["web |     File x", "web |     OSError: no room"]
    assert len(kept(log)) == 1


@pytest.mark.parametrize("text", ["plain words", "{not json}", '{"message": "no time"}', "  File x.py, line 3", ""])
def test_a_line_that_is_no_json_of_ours_is_shown_as_it_is_and_kept_wrapped(tmp_path: Path, text: str) -> None:
    log, screen = tmp_path / "all.log", io.StringIO()
    output = Output(log, 5, screen)
    output.line("redis", text, "warning")
    output.close()
    assert screen.getvalue() == f"redis | {text}\n"
    (line,) = kept(log)
    assert (line["process"], line["level"], line["message"]) == ("redis", "warning", text)
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


@pytest.mark.usefixtures("processes")
def test_lines_of_the_log_are_shown_as_the_screen_had_them(tmp_path: Path) -> None:
    log, screen = tmp_path / "all.log", io.StringIO()
    output = Output(log, outputs.NAME_WIDTH, screen)
    output.line("web", json.dumps(LINE | {"error": {"type": "OSError", "trace": "one\ntwo"}}))
    output.line("worker-small.2", json.dumps(LINE))
    output.close()
    given = log.read_text() + "an older line | of another form\n"
    shown = subprocess.run(
        [sys.executable, "-m", "launcher.output"], input=given, capture_output=True, text=True, check=True
    )
    assert shown.stdout == screen.getvalue() + "an older line | of another form\n"
    assert shown.stderr == ""


def test_a_log_that_grows_too_large_makes_way_for_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "LARGEST_LOG", 10)
    log = tmp_path / "all.log"
    output = Output(log, 4, io.StringIO())
    for text in ("first", "second", "third"):
        output.line("web", text)
    output.close()
    assert [line["message"] for line in kept(log)] == ["third"]
    assert [line["message"] for line in kept(tmp_path / "all.log.1")] == ["second"]


def test_a_line_that_a_full_disk_cut_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    log = tmp_path / "playtally.log"
    output = Output(log, 8, io.StringIO())
    output.line("web", "whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 20, before[1]))
    try:
        output.line("web", "cut in the middle")
        output.line("web", "lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    output.line("web", "after")
    output.line("web", "all is well")
    output.close()
    whole, cut, *others = log.read_text().splitlines()
    assert json.loads(whole)["message"] == "whole"
    assert len(cut) == 20
    assert [json.loads(line)["message"] for line in others] == ["after", "all is well"]


def test_what_is_shown_is_not_logged(tmp_path: Path) -> None:
    screen = io.StringIO()
    output = Output(tmp_path / "all.log", 4, screen)
    output.show("a secret")
    output.close()
    assert "a secret" in screen.getvalue()
    assert (tmp_path / "all.log").read_text() == ""
