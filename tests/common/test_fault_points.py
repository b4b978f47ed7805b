"""The points at which the fault suite ends processes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common import fault_points
from tests.orders import Orders
from tests.paths import ROOT
from tests.processes import eventually

CODE = "from common import fault_points; fault_points.point('upload.kept'); print('alive')"


def passing(orders: Path) -> int:
    environ = {"FAULT_ORDERS": str(orders), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", CODE], env=environ, stdout=subprocess.DEVNULL).returncode


@pytest.mark.usefixtures("processes")
def test_each_order_ends_one_process_at_its_point(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"upload.kept.{number}.order").write_text("SIGKILL")
    assert [passing(tmp_path) for _ in range(3)] == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["upload.kept.0.obeyed", "upload.kept.1.obeyed"]


@pytest.mark.usefixtures("processes")
def test_an_order_may_name_another_signal(tmp_path: Path) -> None:
    (tmp_path / "upload.kept.0.order").write_text("SIGTERM")
    assert passing(tmp_path) == -signal.SIGTERM


@pytest.mark.usefixtures("processes")
def test_other_points_are_passed(tmp_path: Path) -> None:
    (tmp_path / "upload.written.0.order").write_text("SIGKILL")
    assert passing(tmp_path) == 0


@pytest.mark.usefixtures("processes")
def test_a_process_that_is_told_to_wait_goes_on_once_the_order_is_gone(tmp_path: Path) -> None:
    orders = Orders(tmp_path)
    goes_on = orders.pause("upload.kept")
    environ = {"FAULT_ORDERS": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", CODE], env=environ, stdout=subprocess.PIPE) as process:
        eventually(lambda: list(tmp_path.glob("*.obeyed")))
        assert process.poll() is None
        goes_on()
        assert process.communicate(timeout=60)[0] == b"alive\n"


def test_each_point_stands_in_the_code_once_for_each_way_in() -> None:
    code = "".join(
        path.read_text() for room in ("common", "store", "worker", "webapp") for path in (ROOT / room).rglob("*.py")
    )
    placed = re.findall(r'fault_points\.point\(f?"([^"]+)"\)', code)
    steps = {point for point in fault_points.POINTS if point.startswith("step.")}
    assert set(placed) == {*(set(fault_points.POINTS) - steps), "step.{progress.step}"}
    # Uploads come whole or in pieces.
    assert {point for point in placed if placed.count(point) > 1} == {
        "upload.begun",
        "upload.written",
        "upload.enqueued",
    }
