"""Orders to real processes: end or stand still at a named point of the flow, as common.fault_points has them.

A process that is held costs nothing and waits for ever, where a slow file costs seconds and may still be too quick.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from common.fault_points import WAIT
from tests.processes import descendants, eventually, is_stopped


class Orders:
    """The orders in one folder, which processes know as FAULT_ORDERS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._given = 0

    def give(self, point: str, number: signal.Signals, times: int = 1) -> None:
        """Have the next processes that pass a point get a signal there."""
        for _ in range(times):
            self._write(point, number.name)

    def hold(self, point: str, after: int = 0) -> None:
        """Have the next process that passes a point stand still there, ``after`` passes that it may make before."""
        self.give(point, signal.SIGCONT, after)
        self.give(point, signal.SIGSTOP)

    def pause(self, point: str) -> Callable[[], None]:
        """Have the next process that passes a point wait there, its other threads at work; gives what ends that."""
        order = self._write(point, WAIT)
        return lambda: order.with_suffix(".obeyed").unlink(missing_ok=True)

    def last_obeyed(self) -> float:
        """When a process last came to a point that it was ordered for; an error when none did."""
        moments = [path.stat().st_ctime for path in self.folder.glob("*.obeyed")]
        assert moments, "no process came to the point"
        return max(moments)

    def clear(self) -> None:
        """Forget all orders, obeyed or not."""
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)

    def _write(self, point: str, wanted: str) -> Path:
        order = self.folder / f"{point}.{self._given:06d}.order"
        self._given += 1
        draft = order.with_suffix(".draft")
        draft.write_text(wanted)
        draft.rename(order)  # whole, or not there
        return order


def held_below(pid: int) -> int:
    """The process below this one that stands still, waited for."""
    return eventually(lambda: next(filter(is_stopped, descendants(pid)), 0))
