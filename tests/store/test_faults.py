"""The points at which the fault suite ends processes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from store import faults

ROOT = Path(__file__).resolve().parents[2]
CODE = "from store import faults; faults.point('upload.kept'); print('alive')"


def passing(point: str, marks: Path, times: str = "1") -> int:
    environ = {"FAULT_POINT": point, "FAULT_MARKS": str(marks), "FAULT_TIMES": times, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", CODE], env=environ, stdout=subprocess.DEVNULL).returncode


def test_a_named_point_ends_the_process_as_often_as_it_shall(tmp_path: Path) -> None:
    assert [passing("upload.kept", tmp_path, "2") for _ in range(3)] == [-signal.SIGKILL, -signal.SIGKILL, 0]


def test_other_points_are_passed(tmp_path: Path) -> None:
    assert passing("upload.written", tmp_path) == 0


def test_each_point_stands_in_the_code_once() -> None:
    code = "".join(path.read_text() for room in ("store", "worker", "webapp") for path in (ROOT / room).rglob("*.py"))
    placed = re.findall(r'faults\.point\(f?"([^"]+)"\)', code)
    steps = {point for point in faults.POINTS if point.startswith("step.")}
    assert sorted(placed) == sorted([*(set(faults.POINTS) - steps), "step.{progress.step}"])
