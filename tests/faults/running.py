"""Carrying many faults out, on several sites side by side."""

from __future__ import annotations

import queue
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from tests.faults.fault import QUIET, Fault, carry_out
from tests.faults.files import PlayFile
from tests.faults.invariants import Judge
from tests.faults.site import Conditions, Site
from tests.faults.table import Row

NewDatabase = Callable[[], AbstractContextManager[str]]  # gives a DATABASE_URL; empty: SQLite in DATA_DIR


def carry_out_all(
    faults: Iterable[Fault],
    folder: Path,
    conditions: Conditions,
    files: list[PlayFile],
    *,
    sites: int,
    report: Callable[[Row], None] = lambda _row: None,
    new_database: NewDatabase = lambda: nullcontext(""),
) -> list[Row]:
    """What came of each fault, and of a run that nothing disturbs on each site; ``report`` hears of them one by one."""
    open_faults: queue.SimpleQueue[Fault] = queue.SimpleQueue()
    for fault in faults:
        open_faults.put(fault)

    def work(number: int) -> list[Row]:
        with new_database() as url, Site(folder / str(number), replace(conditions, database_url=url)) as site:
            judge = Judge(site)
            rows = []
            fault: Fault | None = QUIET
            while fault is not None:
                rows.append(_row(fault, judge, files))
                report(rows[-1])
                fault = _next(open_faults)
            return rows

    with ThreadPoolExecutor(sites) as pool:
        try:
            return [row for rows in pool.map(work, range(sites)) for row in rows]
        finally:
            while _next(open_faults) is not None:
                pass  # Ctrl-C: no site begins another one, and each is taken down


def _row(fault: Fault, judge: Judge, files: list[PlayFile]) -> Row:
    try:
        return carry_out(fault, judge, files)
    except Exception:  # a defect of the suite: the other faults are still worth their time
        services = str(judge.site.conditions)
        return Row(fault.name, services, 0, 0, 0, 0, 0, 0.0, 0.0, (f"the suite broke:\n{traceback.format_exc()}",))


def _next(faults: queue.SimpleQueue[Fault]) -> Fault | None:
    try:
        return faults.get_nowait()
    except queue.Empty:
        return None
