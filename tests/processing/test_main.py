"""The command line, as scripts see it: exit codes, one JSON object, one sentence."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from processing.sentences import reason, refusal
from tests.processes import eventually
from tests.processing.command_line import INSTALLED, ROOT, run
from tests.slow_files import write_slow_file

DATA = ROOT / "tests" / "data"
EXAMPLE, EXPECTED = DATA / "example.csv", DATA / "expected" / "example.csv"
PARTLY_BAD = "Song,Date,Number of Plays\nA,2020-01-01,1\nB,2020-01-01,12.5\nC,2020-01-01,x\n"
BAD_ROW = {
    "line": 3,
    "column": "Number of Plays",
    "value": "12.5",
    "reason": reason("not_whole", "Number of Plays", "12.5", {}),
}
REFUSAL = refusal("bad_rows", BAD_ROW | {"bad_rows": 2, "rows": 3, "reason": "not_whole"})


# The same where no kernel was installed with it.
WITHOUT_KERNEL = (
    "-c",
    "import runpy, sys; sys.modules['playtally_kernel'] = None; runpy.run_module('processing', run_name='__main__')",
)
# A run that is interrupted before it publishes, and one that could not begin at the beginning.
INTERRUPTED = (
    "-c",
    "import runpy, signal, processing.writing.publish; "
    "signal.signal(signal.SIGINT, signal.default_int_handler); "  # whoever runs us in the background has it ignored
    "processing.writing.publish.publish = lambda *_, **__: signal.raise_signal(signal.SIGINT); "
    "runpy.run_module('processing', run_name='__main__')",
)
GOING_ON = (
    "-c",
    "import runpy, processing.inspection.inspect; processing.inspection.inspect.inspect = None; "
    "runpy.run_module('processing', run_name='__main__')",
)
# A kernel that fails wherever it is used shows who uses it.
BROKEN_KERNEL = (
    "-c",
    "import runpy, processing.reading.kernel; processing.reading.kernel.SongTable.__init__ = None; "
    "runpy.run_module('processing', run_name='__main__')",
)
EITHER = pytest.mark.parametrize("program", [INSTALLED, WITHOUT_KERNEL], ids=["with kernel", "without kernel"])


@pytest.fixture
def partly_bad(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(PARTLY_BAD)
    return path


@pytest.mark.usefixtures("processes")
@EITHER
def test_a_file_that_is_added_up_ends_with_0_and_a_sentence(program: tuple[str, ...], tmp_path: Path) -> None:
    done = run(EXAMPLE, tmp_path / "new" / "out", program=program)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"7 rows read, 7 used. 2,400 plays of 4 songs and days in 1 part(s) in {tmp_path}/new/out\n"
    assert (tmp_path / "new" / "out" / "part-00001.csv").read_bytes() == EXPECTED.read_bytes()


@pytest.mark.usefixtures("processes")
@EITHER
def test_the_json_of_success_has_exactly_the_keys_of_the_contract(program: tuple[str, ...], tmp_path: Path) -> None:
    done = run(EXAMPLE, tmp_path, "--json", program=program)
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    seconds = report.pop("seconds")
    assert list(seconds) == ["checking", "reading", "totalling", "writing"]
    data = EXPECTED.read_bytes()
    assert report == {
        "rows_read": 7,
        "rows_used": 7,
        "bad_rows": 0,
        "plays": 2400,
        "groups": 4,
        "detected": {
            "encoding": "utf-8",
            "delimiter": ",",
            "header": True,
            "compression": None,
            "date_style": "YYYY-MM-DD",
            "columns": {"Song": 0, "Date": 1, "Number of Plays": 2},
            "quote": '"',
            "escape": None,
            "thousands": None,
            "header_line": 1,
            "column_names": ["Song", "Date", "Number of Plays"],
        },
        "parts": [
            {
                "name": "part-00001.csv",
                "rows": 4,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "media_type": "text/csv",
            }
        ],
        "rejected": [],
    }


@pytest.mark.usefixtures("processes")
@EITHER
def test_a_refused_file_ends_with_1_and_one_sentence(
    program: tuple[str, ...], tmp_path: Path, partly_bad: Path
) -> None:
    refused = run(partly_bad, tmp_path / "out", program=program)
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", REFUSAL + "\n")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("processes")
def test_the_json_of_a_refusal_has_exactly_the_keys_of_the_contract(tmp_path: Path, partly_bad: Path) -> None:
    refused = run(partly_bad, tmp_path / "out", "--json", "--bad-rows", "stop")
    assert (refused.returncode, refused.stderr) == (1, REFUSAL + "\n")
    place = {key: BAD_ROW[key] for key in ("line", "column", "value")}
    assert json.loads(refused.stdout) == {"error": {"code": "bad_rows", "message": REFUSAL, **place}}


@pytest.mark.usefixtures("processes")
def test_without_kernel_if_asked_for_a_file_is_added_up_and_nothing_of_the_kernel_is_used(tmp_path: Path) -> None:
    assert run(EXAMPLE, tmp_path / "broken", program=BROKEN_KERNEL).returncode == 1
    done = run(EXAMPLE, tmp_path / "out", "--no-kernel", program=BROKEN_KERNEL)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "part-00001.csv").read_bytes() == EXPECTED.read_bytes()


@pytest.mark.usefixtures("processes")
@EITHER
def test_rows_that_cannot_be_read_are_left_out_where_that_was_chosen(
    program: tuple[str, ...], tmp_path: Path, partly_bad: Path
) -> None:
    done = run(partly_bad, tmp_path / "out", "--json", "--bad-rows", "skip", program=program)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["rows_read"], report["rows_used"], report["bad_rows"], report["plays"]) == (3, 1, 2, 1)
    assert report["rejected"][0] == BAD_ROW
    assert len((tmp_path / "out" / "rejected.csv").read_text().splitlines()) == 3


@pytest.mark.usefixtures("processes")
def test_the_same_command_goes_on_with_a_run_that_was_interrupted(tmp_path: Path) -> None:
    words = [EXAMPLE, tmp_path / "out", "--scratch", tmp_path, "--checkpoints"]
    assert run(*words, program=INTERRUPTED).returncode == -signal.SIGINT
    assert run(*words, program=GOING_ON).returncode == 0
    assert (tmp_path / "out" / "part-00001.csv").read_bytes() == EXPECTED.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.usefixtures("processes")
def test_no_part_is_larger_than_was_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("".join(f"Song {n},2020-01-01,1\n" for n in range(100)))
    done = run(source, tmp_path / "out", "--json", "--max-part-bytes", 500, "--memory", 1 << 28, "--scratch", tmp_path)
    report = json.loads(done.stdout)
    assert len(report["parts"]) > 1
    assert max((tmp_path / "out" / part["name"]).stat().st_size for part in report["parts"]) <= 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out"]


@pytest.mark.usefixtures("processes")
def test_a_disk_that_does_not_take_the_totals_is_said_in_a_sentence_and_json(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file is in the way")
    failed = run(EXAMPLE, tmp_path / "out", "--json")
    message = refusal("files", {"cause": "File exists"})
    assert (failed.returncode, failed.stderr) == (1, message + "\n")
    nowhere = dict.fromkeys(("line", "column", "value"))
    assert json.loads(failed.stdout) == {"error": {"code": "files", "message": message, **nowhere}}


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("name", ["part-00001.csv", "part-7.csv", "rejected.csv", "manifest.json"])
def test_a_file_that_no_earlier_run_wrote_is_not_replaced(name: str, tmp_path: Path) -> None:
    theirs = tmp_path / name
    theirs.write_bytes(EXAMPLE.read_bytes())
    itself, somebodys = run(theirs, tmp_path), run(EXAMPLE, tmp_path)
    assert (itself.returncode, somebodys.returncode) == (2, 2)
    assert f"error: {name} would be replaced by its own totals in {tmp_path}." in itself.stderr
    assert f"error: {tmp_path} has a file {name} that no earlier run wrote." in somebodys.stderr
    assert theirs.read_bytes() == EXAMPLE.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("processes")
def test_the_files_of_an_earlier_run_are_replaced_and_what_they_came_from_is_not(
    tmp_path: Path, partly_bad: Path
) -> None:
    out = tmp_path / "out"
    assert run(partly_bad, out, "--bad-rows", "skip").returncode == 0
    (out / "notes.txt").write_text("of somebody else")
    assert run(out / "rejected.csv", out).returncode == 2
    assert run(EXAMPLE, out, "--max-part-bytes", 200).returncode == 0
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "notes.txt", "part-00001.csv"]
    assert (out / "part-00001.csv").read_bytes() == EXPECTED.read_bytes()


@pytest.mark.usefixtures("processes")
def test_a_run_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    write_slow_file(tmp_path / "in.csv")
    command = [sys.executable, *INSTALLED, tmp_path / "in.csv", tmp_path / "out", "--scratch", tmp_path / "scratch"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: any((tmp_path / "scratch").iterdir()))
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.read() == "Told to end before it was done.\n"
    assert process.returncode == 128 + signal.SIGTERM
    assert [*(tmp_path / "out").iterdir(), *(tmp_path / "scratch").iterdir()] == []


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "the following arguments are required: INPUT, OUTPUT_DIR"),
        (["nobody.csv", "out"], "there is no file nobody.csv"),
        (["/dev/null", "out"], "/dev/null is no file that can be read more than once"),
        ([EXAMPLE, "out", "--scratch", "nowhere"], "there is no folder nowhere"),
        ([EXAMPLE, "out", "--checkpoints"], "--checkpoints needs --scratch, the folder to keep them in"),
        ([EXAMPLE, "out", "--max-part-bytes", "199"], "argument --max-part-bytes: should be at least 200, but is 199"),
        ([EXAMPLE, "out", "--memory", "lots"], "argument --memory: invalid number of bytes value: 'lots'"),
        ([EXAMPLE, "out", "--bad-rows", "fix"], "argument --bad-rows: invalid choice: 'fix'"),
        ([EXAMPLE, "out", "--faster"], "unrecognized arguments: --faster"),
        (
            [EXAMPLE, "out", "--delimiter", "ab"],
            "argument --delimiter: should be one of comma, semicolon, tab, bar, colon, blank or one mark, but is 'ab'",
        ),
        (
            [EXAMPLE, "out", "--header-line", "0"],
            "argument --header-line: should be a line from 1 or none, but is '0'",
        ),
        ([EXAMPLE, "out", "--encoding", "utf-7"], "argument --encoding: invalid choice: 'utf-7'"),
        ([EXAMPLE, "out", "--date-style", "YYYY"], "argument --date-style: invalid choice: 'YYYY'"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(words: list[object], complaint: str) -> None:
    wrong = run(*words)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.splitlines()[-1].startswith(f"python -m processing: error: {complaint}")
    assert not (ROOT / "out").exists()


def on_a_terminal(*words: object) -> str:
    """What a person sees on stderr."""
    screen, terminal = os.openpty()
    command = [sys.executable, "-m", "processing", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, cwd=ROOT) as process:
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(screen, 1 << 16):
                shown += piece
        except OSError:
            pass  # how Linux says that the terminal was closed
        process.wait()
    os.close(screen)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.usefixtures("processes")
def test_a_person_at_a_terminal_sees_a_bar_move(tmp_path: Path) -> None:
    shown = on_a_terminal(EXAMPLE, tmp_path)
    assert [step for step in ("checking", "reading", "totalling", "writing") if step in shown] == [
        "checking",
        "reading",
        "totalling",
        "writing",
    ]
    assert shown.count("\n") == 1


@pytest.mark.usefixtures("processes")
def test_the_sentence_of_a_refusal_has_a_line_of_its_own_below_the_bar(tmp_path: Path, partly_bad: Path) -> None:
    assert on_a_terminal(partly_bad, tmp_path / "out").splitlines()[-1] == REFUSAL
