"""``python -m tests.faults``: every fault upon sites of real processes, and a table of what came of it.

Exit 0: nothing was lost, doubled, torn or otherwise wrong; 1: something was.
"""

from __future__ import annotations

import argparse
import queue
import shutil
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.all_faults import FAULTS
from tests.faults.fault import QUIET, Fault, carry_out
from tests.faults.files import small_files
from tests.faults.invariants import Judge
from tests.faults.site import Services, Site
from tests.faults.table import Row, markdown

_printing = threading.Lock()


def main() -> int:
    """Carry them out, print the table; gives the exit code."""
    chosen = _arguments()
    services = Services(
        debian_redis=chosen.redis == "debian",
        lease_seconds=chosen.lease,
        reconcile_seconds=chosen.reconcile,
        outage_seconds=chosen.outage,
        lock_seconds=chosen.outage / 2,
    )
    open_faults: queue.SimpleQueue[Fault] = queue.SimpleQueue()
    faults = [fault for fault in FAULTS if not chosen.only or any(word in fault.name for word in chosen.only)]
    for fault in faults:
        open_faults.put(fault)
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    began = time.monotonic()
    with ThreadPoolExecutor(chosen.side_by_side) as pool:
        sites = [
            pool.submit(_on_one_site, folder / str(number), services, open_faults, chosen.files)
            for number in range(min(chosen.side_by_side, len(faults)))
        ]
        rows = [row for site in sites for row in site.result()]
    rows.sort(key=lambda row: [QUIET.name, *(fault.name for fault in FAULTS)].index(row.fault))
    text = markdown(rows)
    print(f"\n{text}\n{sum(row.accepted for row in rows)} accepted uploads in {time.monotonic() - began:.0f} s")
    if chosen.table is not None:
        chosen.table.write_text(text)
    if any(row.problems for row in rows):
        print(f"databases and logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", action="append", help="faults with these words in their names; may come again")
    parser.add_argument("--files", type=int, default=50, help="files for each fault, each sent twice")
    parser.add_argument("--redis", choices=("embedded", "debian"), default="embedded")
    parser.add_argument("--lease", type=int, default=30, help="seconds")
    parser.add_argument("--reconcile", type=int, default=15, help="seconds")
    parser.add_argument("--outage", type=float, default=60, help="seconds without Redis; half so many with a lock")
    parser.add_argument("--side-by-side", type=int, default=2, metavar="N", help="sites at the same time")
    parser.add_argument("--table", type=Path, help="where to write the table as markdown")
    return parser.parse_args()


def _on_one_site(folder: Path, services: Services, faults: queue.SimpleQueue[Fault], count: int) -> list[Row]:
    """Take one fault after the other, after a run that nothing disturbs."""
    files = small_files(count)
    rows = []
    with Site(folder, services) as site:
        judge = Judge(site)
        fault: Fault | None = QUIET
        while fault is not None:
            began = time.monotonic()
            try:
                row, found = carry_out(fault, judge, files)
                problems = found.problems
            except Exception:  # a defect of the suite: the other faults are still worth their time
                row = Row(fault.name, str(services), 0, 0, 0, 0, 0, 0.0, 0.0, 1)
                problems = [traceback.format_exc()]
            rows.append(row)
            _print(row, problems, time.monotonic() - began)
            fault = _next(faults)
    return rows


def _next(faults: queue.SimpleQueue[Fault]) -> Fault | None:
    try:
        return faults.get_nowait()
    except queue.Empty:
        return None


def _print(row: Row, problems: list[str], seconds: float) -> None:
    with _printing:
        print(f"{'FAILED' if problems else 'ok':<7}{row.fault} ({seconds:.0f} s)", flush=True)
        for problem in problems:
            print(f"       {problem}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
