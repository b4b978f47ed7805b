"""Thresholds of Python's garbage collector for a process that adds up one file."""

from __future__ import annotations

import gc

# New containers before a collection of the young ones, and collections before one of the next older generation.
_THRESHOLDS = (50_000, 20, 100)


def relax_gc() -> None:
    """Exclude what is loaded by now from garbage collection, and collect the rest seldom.

    Rows that Python reads one by one are a tuple each. With the default thresholds the collector traverses all of them
    again and again while every other thread of the process waits, the one that sends the heartbeat among them.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
