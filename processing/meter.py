"""The meter of a run: the current step, its progress, and the time that each step took."""

from __future__ import annotations

import time
from typing import Any

from processing.progress import OnProgress, Progress, Step

# The fractions of the whole run at which each step begins and ends, measured on files of a gigabyte.
_BEGINS = {Step.CHECKING: 0.0, Step.READING: 0.01, Step.TOTALLING: 0.65, Step.WRITING: 0.99}
_ENDS = {Step.CHECKING: 0.01, Step.READING: 0.65, Step.TOTALLING: 0.99, Step.WRITING: 1.0}


class Meter:
    """Reports progress to the caller; the fraction never decreases."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._step = Step.CHECKING
        self._since = time.monotonic()
        self._seconds = dict.fromkeys(Step, 0.0)
        self._rows_read = 0
        self._resumed_at = 0.0  # fraction of the whole run, below which no report falls
        self.fraction = 0.0  # of the whole run

    def enter(self, step: Step) -> None:
        """Begin a step."""
        now = time.monotonic()
        self._seconds[self._step] += now - self._since
        self._step, self._since = step, now
        self.show(0.0)

    def show(self, fraction_of_step: float, rows_read: int | None = None) -> None:
        """Report progress within the current step, 0 to 1; raise what the callback raises."""
        if rows_read is not None:
            self._rows_read = rows_read
        begin, end = _BEGINS[self._step], _ENDS[self._step]
        self.fraction = begin + (end - begin) * min(fraction_of_step, 1.0)
        self.tell()

    def tell(self) -> None:
        """Report the progress of the run; raise what the callback raises."""
        if self._on_progress is not None:
            self._on_progress(Progress(self._step, max(self.fraction, self._resumed_at), self._rows_read))

    def to_state(self) -> dict[str, Any]:
        """Return the meter as JSON-serializable state."""
        seconds = self.seconds()
        return {"step": self._step, "fraction": self.fraction, "rows_read": self._rows_read, "seconds": seconds}

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from a saved state."""
        self._step, self._since = Step(state["step"]), time.monotonic()
        self._seconds = {step: float(state["seconds"][step]) for step in Step}
        self._rows_read = state["rows_read"]
        self.fraction = self._resumed_at = state["fraction"]

    def seconds(self) -> dict[str, float]:
        """Return the seconds that each step took so far."""
        spent = dict(self._seconds)
        spent[self._step] += time.monotonic() - self._since
        return {str(step): round(seconds, 3) for step, seconds in spent.items()}
