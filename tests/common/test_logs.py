"""Lines as all processes write them, and as people read them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from common import logs
from common.logs import LogFormatter, parsed, readable

JOB = "3f2b" + "0" * 28


@pytest.fixture(autouse=True)
def on_nothing() -> Iterator[None]:
    """This process works on nothing, before and after."""
    logs.about(None)
    yield
    logs.about(None)


def record(message: str = "said", *values: object, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    error = extra.pop("error", None)
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("webapp.x", level, "x.py", 1, message, values, exc_info)
    vars(made).update(extra)
    return made


def fields_of(made: logging.LogRecord) -> dict[str, Any]:
    line = LogFormatter("web", "json").format(made)
    assert "\n" not in line
    fields: dict[str, Any] = json.loads(line)
    return fields


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_a_line_says_when_how_grave_who_and_what() -> None:
    made = record("%d files", 3, level=logging.WARNING)
    made.created = 1_769_851_800.1254
    assert fields_of(made) == {
        "time": "2026-01-31T09:30:00.125Z",
        "level": "warning",
        "process": "web",
        "message": "3 files",
    }


def test_a_line_about_a_job_carries_it_and_its_figures() -> None:
    fields = fields_of(record(job=JOB, attempt=2, bytes=7, seconds=0.5, secret="never"))
    assert {name: fields[name] for name in ("job", "attempt", "bytes", "seconds")} == {
        "job": JOB,
        "attempt": 2,
        "bytes": 7,
        "seconds": 0.5,
    }
    assert "secret" not in fields


def test_a_process_that_works_on_an_attempt_says_so_in_each_line_of_each_thread() -> None:
    logs.about(JOB, 2)
    logs.at_step("reading")
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(fields_of(record())))
    thread.start()
    thread.join()
    assert (found[0]["job"], found[0]["attempt"], found[0]["step"]) == (JOB, 2, "reading")
    logs.about("b" * 32, 1)
    assert "step" not in fields_of(record())
    assert fields_of(record(job=JOB))["job"] == JOB


def test_an_error_comes_with_its_class_and_all_of_its_trace_on_one_line() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise ValueError("second") from first
    except ValueError as error:
        fields = fields_of(record(error=error))
    assert fields["error"]["type"] == "ValueError"
    assert fields["error"]["trace"].splitlines()[-1] == "ValueError: second"
    assert "KeyError: 'first'\nwhich led to:\n" in fields["error"]["trace"]
    assert "test_logs.py" in fields["error"]["trace"]


def test_odd_characters_stay_on_the_line_and_do_not_reach_the_terminal() -> None:
    odd = "a\nb\x1b[2J\u2028\ud800é"
    line = LogFormatter("web", "json").format(record("%s", odd))
    assert line.isascii()
    assert json.loads(line)["message"] == odd
    assert readable(json.loads(line)).endswith("info a\\nb\\x1b[2J\\u2028\\ud800é")


def test_people_read_local_time_level_message_job_and_the_trace_below() -> None:
    fields = fields_of(record("it broke", level=logging.ERROR, job=JOB, attempt=2, error=raised(OSError("no room"))))
    clock = datetime.fromisoformat(fields["time"]).astimezone().strftime("%H:%M:%S")
    head, *trace = readable(fields).split("\n")
    assert head == f"{clock} error it broke (job 3f2b0000…, attempt 2)"
    assert trace[-1] == "    OSError: no room"
    assert readable(fields_of(record(job=JOB, attempt=1)), whole_ids=True).endswith(f"info said (job {JOB})")


def test_text_is_what_people_read_with_whole_ids() -> None:
    assert LogFormatter("web", "text").format(record(job=JOB)).endswith(f" info said (job {JOB})")


@pytest.mark.parametrize(
    "line",
    [
        "plain words",
        "",
        "{",
        "{}",
        "[1]",
        '{"message": "no time"}',
        '{"time": 1, "level": "info", "message": "x"}',
        "{" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_line_of_ours_is_known_as_that(line: str) -> None:
    assert parsed(line) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"time": "yesterday", "level": "info", "message": "x"},
        {"time": "2026-01-31T09:30:00Z", "level": "info", "message": "x", "job": 7, "attempt": {}, "error": "y"},
        {"time": "2026-01-31T09:30:00Z", "level": "info", "message": "x", "error": {"trace": None}},
    ],
)
def test_a_line_with_odd_fields_can_be_read_all_the_same(fields: dict[str, Any]) -> None:
    assert parsed(json.dumps(fields)) == fields
    assert "x" in readable(fields)


PROGRAM = """
import logging, sys, threading, warnings
from common import logs
logs.set_up("reconciler", "json")
logging.getLogger("some.library").warning("from a library")
warnings.warn("old", stacklevel=1)
thread = threading.Thread(target=lambda: 1 / 0, name="heartbeat")
thread.start()
thread.join()
raise OSError("the end")
"""


@pytest.mark.usefixtures("processes")
def test_what_is_logged_warned_of_or_not_caught_is_a_line(tmp_path: object) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (ended.returncode, ended.stdout) == (1, "")
    assert [line["process"] for line in lines] == ["reconciler"] * 4
    library, warning, thread, end = lines
    assert library["message"] == "from a library"
    assert "UserWarning: old" in warning["message"]
    assert (thread["message"], thread["error"]["type"]) == (
        "uncaught exception in thread heartbeat",
        "ZeroDivisionError",
    )
    assert (end["level"], end["error"]["type"]) == ("critical", "OSError")
    assert "OSError: the end" in end["error"]["trace"]
