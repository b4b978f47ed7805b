"""``python -m tests.faults``: every fault upon sites of real processes, and a table of what came of it.

Exit 0: nothing was lost, doubled, torn or otherwise wrong; 1: something was.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path

from tests.faults.all_faults import FAULTS
from tests.faults.fault import QUIET
from tests.faults.files import small_files
from tests.faults.running import NewDatabase, carry_out_all
from tests.faults.site import Conditions
from tests.faults.table import Row, markdown
from tests.postgres import postgres_server

ORDER = [QUIET.name, *(fault.name for fault in FAULTS)]


class Report:
    """Prints each row as it comes, and keeps the table of those that came so far."""

    def __init__(self, table: Path | None) -> None:
        self.rows: list[Row] = []
        self._table = table
        self._lock = threading.Lock()

    def __call__(self, row: Row) -> None:
        with self._lock:
            self.rows = sorted([*self.rows, row], key=lambda row: ORDER.index(row.fault))
            print(f"{'FAILED' if row.problems else 'ok':<7}{row.fault} ({row.seconds_to_recover:.0f} s)", flush=True)
            for problem in row.problems:
                print(f"       {problem}", flush=True)
            if self._table is not None:
                self._table.write_text(markdown(self.rows))


def main() -> int:
    """Carry them out, print the table; gives the exit code."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # disks are unmounted then, too
    conditions = Conditions(
        debian_redis=chosen.redis == "debian",
        lease_seconds=chosen.lease,
        reconcile_seconds=chosen.reconcile,
        outage_seconds=chosen.outage,
        lock_seconds=chosen.outage / 2,
    )
    wanted = [fault for fault in FAULTS if not chosen.only or any(word in fault.name for word in chosen.only)]
    faults = [fault for fault in wanted if not fault.missing]
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    report = Report(chosen.table)
    began = time.monotonic()
    with ExitStack() as stack:
        new_database: NewDatabase = lambda: nullcontext("")  # noqa: E731 - the other one is a method
        if chosen.database == "postgresql":
            new_database = stack.enter_context(postgres_server()).new_database
        carry_out_all(
            faults,
            folder,
            conditions,
            small_files(chosen.files),
            sites=min(chosen.side_by_side, len(faults)),
            report=report,
            new_database=new_database,
        )
    accepted = sum(row.accepted for row in report.rows)
    print(f"\n{markdown(report.rows)}\n{accepted} accepted uploads in {time.monotonic() - began:.0f} s")
    for fault in wanted:
        if fault.missing:
            print(f"left out: {fault.name}, since {fault.missing}")
    if any(row.problems for row in report.rows):
        print(f"databases and logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", action="append", help="faults with these words in their names; may come again")
    parser.add_argument("--files", type=int, default=50, help="files for each fault, each sent twice")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--redis", choices=("embedded", "debian"), default="embedded")
    parser.add_argument("--lease", type=int, default=30, help="seconds")
    parser.add_argument("--reconcile", type=int, default=15, help="seconds")
    parser.add_argument("--outage", type=float, default=60, help="seconds without Redis; half so many with a lock")
    parser.add_argument("--side-by-side", type=int, default=2, metavar="N", help="sites at the same time")
    parser.add_argument("--table", type=Path, help="where to write the table as markdown, row by row")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
