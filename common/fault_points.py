"""Fault points: named places in the code at which the fault suite kills or holds a process; otherwise no-ops.

FAULT_ORDERS names a folder. A file POINT.NUMBER.order in it is an order for the next process that passes that point:
the process renames it to .obeyed and sends itself the signal that the file names or, if that is WAIT, waits until the
.obeyed is removed, while its other threads run on. This is for tests only and not a setting of Playtally.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

# In the order in which a file passes them; those of the reconciler come last.
POINTS = (
    "upload.begun",  # its first bytes are in incoming/
    "upload.written",  # complete and fsynced
    "upload.kept",  # renamed to uploads/, without a row
    "upload.committed",  # with its rows, not enqueued
    "upload.enqueued",  # the client has no answer yet
    "attempt.taken",  # off the queue, not claimed
    "attempt.claimed",
    "step.checking",
    "step.reading",
    "step.totalling",
    "step.writing",
    "publish.staged",  # parts and manifest are complete and fsynced
    "publish.renamed",  # in results/, without rows
    "publish.committed",  # the job is done, its working files not yet removed
    "attempt.tidied",  # RQ does not know yet that it ended
    "retry.recorded",  # the next attempt is in the database, not enqueued
    "retry.enqueued",
    "sweep.begun",
)

WAIT = "WAIT"
SECONDS_BETWEEN_LOOKS = 0.05

_ORDERS = os.environ.get("FAULT_ORDERS")


def point(name: str) -> None:
    """Pass a fault point; the process is killed or held here if the fault suite ordered it."""
    if _ORDERS is not None:
        _obey(Path(_ORDERS), name)


def _obey(orders: Path, name: str) -> None:
    for order in sorted(orders.glob(f"{name}.*.order")):
        obeyed = order.with_suffix(".obeyed")
        try:
            os.rename(order, obeyed)
        except FileNotFoundError:
            continue  # another process was first
        _carry_out(obeyed)
        return


def _carry_out(obeyed: Path) -> None:
    wanted = obeyed.read_text()
    if wanted != WAIT:
        os.kill(os.getpid(), signal.Signals[wanted])
        return
    while obeyed.exists():
        time.sleep(SECONDS_BETWEEN_LOOKS)
