"""Named points of the flow, at which the fault suite ends a process as ``kill -9`` would; without it they do nothing.

FAULT_POINT names a point, FAULT_MARKS a folder in which each kill leaves a mark, FAULT_TIMES how many kills there
are over all processes (1). These are no settings: nobody who runs Playtally sets them.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

# In the order in which a file passes them; the reconciler's own stand at the end.
POINTS = (
    "upload.begun",  # its first bytes are in incoming/
    "upload.written",  # whole and fsynced
    "upload.kept",  # renamed to uploads/, without a row
    "upload.committed",  # with its rows, unknown to the queue
    "upload.enqueued",  # the client has no answer yet
    "attempt.taken",  # off the queue, not claimed
    "attempt.claimed",
    "step.checking",
    "step.reading",
    "step.totalling",
    "step.writing",
    "publish.staged",  # parts and manifest are whole and fsynced
    "publish.renamed",  # in results/, without rows
    "publish.committed",  # done, its working files not yet removed
    "attempt.tidied",  # the queue has not heard of the end
    "retry.recorded",  # the next attempt stands in the database, unknown to the queue
    "retry.enqueued",
    "sweep.begun",
)

_POINT = os.environ.get("FAULT_POINT")
_MARKS = os.environ.get("FAULT_MARKS", "")
_TIMES = int(os.environ.get("FAULT_TIMES", "1"))


def point(name: str) -> None:
    """Pass a point; the process ends here if the fault suite wants it to."""
    if name == _POINT and _has_kills_left():
        os.kill(os.getpid(), signal.SIGKILL)


def _has_kills_left() -> bool:
    for number in range(_TIMES):
        try:
            Path(_MARKS, f"{_POINT}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return True
    return False
