"""The progress of a run, as its caller sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A stage of a run that people see, in order."""

    CHECKING = "checking"
    READING = "reading"
    TOTALLING = "totalling"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of progress."""

    step: Step
    fraction: float  # of the whole run, 0 to 1, never decreasing
    rows_read: int  # so far


# Called in the thread that called process_csv, at least once for each block and bucket. An exception from it ends the
# run and propagates out of process_csv, which has by then removed its scratch and its unfinished parts.
OnProgress = Callable[[Progress], None]
