"""Lines of real workers: each of a work horse carries its job, and none holds what stands in the file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store.states import JobState
from tests.processes import eventually
from tests.worker.conftest import Enqueue, Submit, Submitted, reread

SONG = "A song that nobody should read in a log"
REFUSED = f"Song,Date,Number of Plays\n{SONG},2020-01-02,{SONG}\n".encode()
Lines = list[dict[str, Any]]
Written = Callable[[], Lines]


@pytest.fixture
def run(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Written]]:
    """Starts a Python module as a process that ends with the test; gives what reads its lines."""
    started = []

    def begin(*words: str, **more: str) -> Written:
        path = tmp_path / f"lines-{len(started)}"
        with path.open("wb") as file:
            started.append(subprocess.Popen([sys.executable, *words], env=environ | more, stderr=file))
        return lambda: [json.loads(line) for line in path.read_text().splitlines()]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def run_one(environ: dict[str, str], job: Submitted, *, before: str = "", **more: str) -> Lines:
    """The lines of a process that runs the job's first attempt, after some Python of ours."""
    program = f"import sys\n{before}\nfrom worker.__main__ import main\nsys.exit(main(['{job.id}', '1']))"
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=environ | more, stderr=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in ended.stderr.splitlines()]


@pytest.mark.usefixtures("processes")
def test_all_lines_of_a_work_horse_carry_its_job_and_attempt(
    run: Callable[..., Written], job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    written = run("-m", "worker", "--queue", "small")
    eventually(lambda: reread(job.id).state is JobState.DONE)
    done = eventually(lambda: [line for line in written() if "done" in line["message"]])
    assert (done[0]["process"], done[0]["level"]) == ("worker-small", "info")
    assert (done[0]["job"], done[0]["attempt"], done[0]["step"]) == (job.id, 1, "writing")
    ready = written()[0]
    assert "ready" in ready["message"]
    assert "job" not in ready


@pytest.mark.usefixtures("processes")
def test_lines_of_libraries_and_threads_carry_the_job_too(environ: dict[str, str], job: Submitted) -> None:
    before = """
import logging, threading
import processing.pipeline as pipeline
import worker.attempt as attempt
def told(*given):
    logging.getLogger("some.library").warning("from a library")
    thread = threading.Thread(target=lambda: logging.getLogger("other").info("from a thread"))
    thread.start()
    thread.join()
    return pipeline.process_csv(*given)
attempt.process_csv = told
"""
    lines = run_one(environ, job, before=before)
    assert {line["job"] for line in lines} == {job.id}
    assert {"from a library", "from a thread"} <= {line["message"] for line in lines}


@pytest.mark.usefixtures("processes")
def test_a_refused_file_is_noted_with_its_code_and_nothing_of_what_it_says(
    environ: dict[str, str], submit: Submit
) -> None:
    job = submit(REFUSED)
    lines = run_one(environ, job)
    assert reread(job.id).state is JobState.FAILED
    assert SONG in str(reread(job.id).error)
    assert "refused" in lines[0]["message"]
    assert "bad_rows" in lines[0]["message"]
    assert SONG not in json.dumps(lines)


@pytest.mark.usefixtures("processes")
def test_an_error_of_ours_has_its_class_and_trace_but_nothing_of_the_file(
    environ: dict[str, str], submit: Submit
) -> None:
    job = submit()
    before = f"""
import worker.attempt as attempt
def fail(*_given):
    try:
        int("{SONG}")
    except ValueError as error:
        raise OSError(5, "broken disk") from error
attempt.process_csv = fail
"""
    (line,) = run_one(environ, job, before=before)
    assert (line["level"], line["job"], line["attempt"]) == ("error", job.id, 1)
    assert line["error"]["type"] == "OSError"
    assert line["error"]["trace"].endswith("OSError: [Errno 5] broken disk")
    assert "ValueError: (its words are withheld" in line["error"]["trace"]
    assert SONG not in json.dumps(line)


@pytest.mark.usefixtures("processes")
def test_a_horse_that_breaks_outside_of_its_job_leaves_one_line_with_a_trace(
    run: Callable[..., Written], job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    program = f"""
import sys
import store.attempts
def fail(*_given):
    int("{SONG}")
store.attempts.claim = fail
from worker.__main__ import main
sys.exit(main(["--queue", "small"]))
"""
    written = run("-c", program)
    (line,) = eventually(lambda: [line for line in written() if "error" in line])
    assert (line["job"], line["error"]["type"]) == (job.id, "ValueError")
    assert SONG not in json.dumps(line)
    assert "\n" not in line["message"]


@pytest.mark.usefixtures("processes")
def test_the_reconciler_names_itself(run: Callable[..., Written], job: Submitted) -> None:
    written = run("-m", "worker.reconciler")
    first = eventually(written)[0]
    assert (first["process"], first["level"]) == ("reconciler", "info")
    assert "job" not in first


@pytest.mark.usefixtures("processes")
def test_text_is_there_for_people_who_want_it(environ: dict[str, str], job: Submitted) -> None:
    command = [sys.executable, "-m", "worker", job.id, "1"]
    ended = subprocess.run(command, env=environ | {"LOG_FORMAT": "text"}, stderr=subprocess.PIPE, text=True, check=True)
    assert ended.stderr.rstrip().endswith(f"(job {job.id})")
    assert " info " in ended.stderr
