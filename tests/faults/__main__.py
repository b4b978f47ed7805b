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
from tests.faults.site import Services
from tests.faults.table import Row, markdown
from tests.postgres import postgres_server

_printing = threading.Lock()


def main() -> int:
    """Carry them out, print the table; gives the exit code."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # disks are unmounted then, too
    services = Services(
        debian_redis=chosen.redis == "debian",
        lease_seconds=chosen.lease,
        reconcile_seconds=chosen.reconcile,
        outage_seconds=chosen.outage,
        lock_seconds=chosen.outage / 2,
    )
    faults = [fault for fault in FAULTS if not chosen.only or any(word in fault.name for word in chosen.only)]
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    began = time.monotonic()
    with ExitStack() as stack:
        new_database: NewDatabase = lambda: nullcontext("")  # noqa: E731 - the other one is a method
        if chosen.database == "postgresql":
            new_database = stack.enter_context(postgres_server()).new_database
        rows = carry_out_all(
            faults,
            folder,
            services,
            small_files(chosen.files),
            sites=min(chosen.side_by_side, len(faults)),
            report=_print,
            new_database=new_database,
        )
    rows.sort(key=lambda row: [QUIET.name, *(fault.name for fault in FAULTS)].index(row.fault))
    print(
        f"\n{markdown(rows)}\n{sum(row.accepted for row in rows)} accepted uploads in {time.monotonic() - began:.0f} s"
    )
    if chosen.table is not None:
        chosen.table.write_text(markdown(rows))
    if any(row.problems for row in rows):
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
    parser.add_argument("--table", type=Path, help="where to write the table as markdown")
    return parser.parse_args()


def _print(row: Row) -> None:
    with _printing:
        print(f"{'FAILED' if row.problems else 'ok':<7}{row.fault} ({row.seconds_to_recover:.0f} s)", flush=True)
        for problem in row.problems:
            print(f"       {problem}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
