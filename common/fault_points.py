"""Named points of the flow, at which the fault suite ends or holds a process; without it they do nothing.

FAULT_ORDERS names a folder. A file POINT.NUMBER.order in it is an order for the process that passes that point next:
it makes a .obeyed of it and gets the signal that the file names, or, where that is WAIT, waits there until the .obeyed
is removed, with its other threads at work. This is no setting: nobody who runs Playtally sets it.
"""

from __future__ import annotations

import os
import signal
import time
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

WAIT = "WAIT"
SECONDS_BETWEEN_LOOKS = 0.05

_ORDERS = os.environ.get("FAULT_ORDERS")


def point(name: str) -> None:
    """Pass a point; the process ends here, or is held, if the fault suite wants it to."""
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
