"""Running ``python -m processing`` as a script does."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import ROOT

INSTALLED = ("-m", "processing")  # what the interpreter is told


def run(*words: object, program: tuple[str, ...] = INSTALLED) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
