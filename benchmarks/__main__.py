"""``make bench``: run all engines over all shapes, alternating, and report medians; see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measuring import BAD_ROWS, OURS, WITHOUT_KERNEL, measure
from benchmarks.rivals import ENGINES
from benchmarks.shapes import SHAPES, path_of, with_bad_rows
from benchmarks.table import Result, append_history, as_markdown, draw

TOP = Path(__file__).parent.parent
OTHERS = [WITHOUT_KERNEL, BAD_ROWS, *ENGINES]
SLOW = {"Dask", "Vaex"}  # run on the shape "few" only: on others they take minutes or all memory


def main() -> int:
    """Run the chosen engines and shapes; return the exit code."""
    wanted = _parser().parse_args()
    results = []
    for name in wanted.shapes:
        shape = SHAPES[name]
        source = path_of(wanted.folder, shape, wanted.times)
        engines = [OURS, *(one for one in wanted.engines if name == "few" or one not in SLOW)]
        sources = {BAD_ROWS: _with_bad_rows(source)} if BAD_ROWS in engines else {}
        runs = []
        for turn in range(wanted.rounds):
            for engine in engines:
                run = measure(engine, sources.get(engine, source), wanted.folder)
                print(f"{name} {turn + 1}: {engine} {run.seconds:.1f} s, {run.peak_bytes >> 20} MiB", flush=True)
                runs.append(run)
        results.append(Result(name, source.stat().st_size, tuple(runs)))
    print(as_markdown(results))
    print(f"load at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if wanted.keep:
        moment = f"{datetime.now(UTC):%Y-%m-%d}"
        append_history(TOP / "benchmarks" / "history.csv", results, date=moment, commit=_commit(), machine=_machine())
        draw(TOP / "docs" / "benchmarks.png", results)
    return 0


def _with_bad_rows(source: Path) -> Path:
    """Make the file with bad rows in another process, since this one's memory would count for its children."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(with_bad_rows, source).result()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("BENCH_DIR", "data/bench")))
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--engines", nargs="*", choices=OTHERS, default=OTHERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=1, help="multiply the number of rows")
    parser.add_argument("--keep", action="store_true", help="append to the history and draw the chart")
    return parser


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=TOP, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def _machine() -> str:
    return f"{platform.machine()} {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(main())
