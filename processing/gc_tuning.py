"""When Python looks for garbage that counting references does not free."""

from __future__ import annotations

import gc

# New lists, tuples and the like before a look at the young ones, and looks before one at older ones.
_THRESHOLDS = (50_000, 20, 100)


def relax_gc() -> None:
    """For a process that adds up one file: never look at what is loaded by now, and seldom at the rest.

    Rows that Python reads one by one are a tuple each. With Python's own thresholds it goes through all of them time
    and again, with every other thread of the process waiting, the one with the sign of life among them.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
