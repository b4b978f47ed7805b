"""Running one case: in this process, which is fast, or as the command that people run."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from processing.__main__ import main
from tests.corpus.cases import Case
from tests.paths import ROOT

PROJECT = ROOT
CRASHED = 70
TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Run:
    """What came out of one run."""

    code: int
    stdout: str
    stderr: str
    output: Path  # the folder with the parts


def run_here(case: Case, folder: Path, *flags: str) -> Run:
    """Run the command's function; ``folder`` is empty and the case's own. An exception shows as code CRASHED."""
    words, output = _words(case, folder, flags)
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            code = main(words)
        except SystemExit as error:  # wrong usage
            code = error.code if isinstance(error.code, int) else CRASHED
        except Exception:
            traceback.print_exc()
            code = CRASHED
    return Run(code, stdout.getvalue(), stderr.getvalue(), output)


def run_command(case: Case, folder: Path, *flags: str) -> Run:
    """Run the command itself."""
    words, output = _words(case, folder, flags)
    command = [sys.executable, "-m", "processing", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Run(CRASHED, "", f"not done after {TIMEOUT} seconds", output)
    return Run(done.returncode, done.stdout, done.stderr, output)


def _words(case: Case, folder: Path, flags: tuple[str, ...]) -> tuple[list[str], Path]:
    source, output = folder / "case.csv", folder / "out"
    source.write_bytes(case.data)
    return [str(source), str(output), "--bad-rows", "skip", "--json", *case.flags, *flags], output
