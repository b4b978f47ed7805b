"""Runs in processes of their own that end where a test wants: ``python -m tests.processing.interrupting``.

The process reads a wish for each line and forks for it, so that a run begins in milliseconds; it never computes itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from common.option_words import BadRows
from processing import pipeline, run
from processing.checkpoints import checkpoint
from processing.errors import RefusedError
from processing.inspection.inspect import inspect
from processing.options import DialectOptions, Options
from processing.pipeline import accumulator_for
from processing.progress import Progress
from processing.reading import blocks
from processing.source import text_stream
from processing.totalling import kernel_accumulator, plan, running_totals
from processing.totalling.plan import make_plan
from tests.paths import ROOT

# What a process does to files, as the interpreter names it: a run can be ended at each of them.
STOPPED = 3  # the exit code of a run that was told to end
DEEDS = ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir")


@dataclass(frozen=True, slots=True)
class Wish:
    """One run, and where it ends."""

    source: str
    output: str
    scratch: str
    options: dict[str, Any] = field(default_factory=dict)  # of Options, as JSON has them
    sizes: dict[str, int] = field(default_factory=dict)  # of the plan
    columns: int | None = None  # rows that one thread holds
    tries_grid: bool | None = None  # None: as the sample says
    cells_at_once: int | None = None  # of the grid, when it is written
    piece_bytes: int | None = None  # of a stream, read at a time
    ticks: int | None = None  # progress calls between two checkpoints, instead of seconds
    progress: int | None = None  # which call ends the run
    deed: int | None = None  # which of DEEDS ends the run
    published: int | None = None  # which file on its way from the staging folder ends the run
    signal: int = signal.SIGKILL  # what it gets there


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a run."""

    status: int  # as waitpid gives it
    fractions: list[float]  # of each progress call
    rows_seen: list[int]  # of each progress call
    rows_read: int  # from blocks, in this run
    groups_totalled: int  # in this run
    inspected: int  # how often the form of the file was looked for
    entered: int  # where the reading began of a file that is a stream, in the text
    refusal: dict[str, Any] | None
    outcome: dict[str, Any] | None


def is_stopped(pid: int) -> bool:
    """Whether a process waits for SIGCONT."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


class Runs:
    """A process that runs others."""

    def __init__(self, folder: Path) -> None:
        self._log = folder
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.processing.interrupting"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def start(self, wish: Wish) -> int:
        """Begin a run; gives its process, which run() or end() waits for."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._number += 1
        self._process.stdin.write(json.dumps([str(self._log / f"{self._number}.log"), asdict(wish)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> Ended:
        """Wait for the run."""
        assert self._process.stdout is not None
        status = int(self._process.stdout.readline())
        lines = [json.loads(line) for line in (self._log / f"{self._number}.log").read_text().splitlines()]
        told = [line for line in lines if "fraction" in line]
        ends = {key: value for line in lines for key, value in line.items() if key in ("refusal", "outcome")}
        return Ended(
            status,
            [line["fraction"] for line in told],
            [line["rows"] for line in told],
            sum(line.get("read", 0) for line in lines),
            sum("totalled" in line for line in lines),
            sum(line.get("inspected", 0) for line in lines),
            max((line.get("entered", 0) for line in lines), default=0),
            ends.get("refusal"),
            ends.get("outcome"),
        )

    def run(self, wish: Wish) -> Ended:
        """A run from its beginning to its end."""
        self.start(wish)
        return self.end()


@contextmanager
def runs_in(folder: Path) -> Iterator[Runs]:
    """A process for the runs of one test."""
    runs = Runs(folder)
    try:
        yield runs
    finally:
        runs.close()


class _Log:
    """Lines that outlive the process."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, **words: Any) -> None:
        os.write(self._file, (json.dumps(words) + "\n").encode())


def _options(wish: Wish) -> Options:
    words = dict(wish.options)
    words["dialect"] = DialectOptions(**words.get("dialect", {}))
    words["bad_rows"] = BadRows(words.get("bad_rows", BadRows.STOP))
    return replace(Options(), **words, scratch=Path(wish.scratch))


def _prepare(wish: Wish, log: _Log) -> None:
    """Sizes as wished, and a log of all work."""
    pipeline.make_plan = lambda *words: replace(make_plan(*words), **wish.sizes)
    if wish.columns is not None:
        kernel_accumulator._COLUMN_ROWS, kernel_accumulator._ENOUGH_ROWS = wish.columns, wish.columns * 3 // 4
    if wish.tries_grid is not None:
        plan._FEW_DIFFERENT = 2 if wish.tries_grid else -1
        running_totals.ROWS_PER_SONG = 0 if wish.tries_grid else 8

    if wish.cells_at_once is not None:
        running_totals.CELLS_AT_ONCE = wish.cells_at_once

    if wish.piece_bytes is not None:
        text_stream.PIECE_BYTES = wish.piece_bytes

    def entered(source: Path, dialect: Any, options: Options, entry: text_stream.Entry | None) -> Any:
        log.write(entered=0 if entry is None else entry.text)
        return text_stream.open_text(source, dialect, options, entry)

    def inspected(*words: Any) -> Any:
        log.write(inspected=1)
        return inspect(*words)

    def accumulator(run_input: Any, *, by_kernel: bool) -> Any:
        made = accumulator_for(run_input, by_kernel=by_kernel)
        read = made.read

        def logged(*words: Any) -> Any:
            report = read(*words)
            log.write(read=report.rows + report.bad.count)
            return report

        made.read = logged
        return made

    encode_one = run._encode

    def encoded(*words: Any) -> Any:
        done = encode_one(*words)
        log.write(totalled=done.rows)
        return done

    pipeline.inspect, pipeline.accumulator_for, run._encode = inspected, accumulator, encoded
    blocks.open_text = entered  # type: ignore[assignment]


class _Ending:
    """Ends the process at the place that was wished."""

    def __init__(self, wish: Wish, log: _Log) -> None:
        self._wish = wish
        self._log = log
        self.calls = self._deeds = 0
        if wish.deed is not None:
            sys.addaudithook(self._count_deed)
        if wish.published is not None:
            sys.addaudithook(self._count_published)

    def on_progress(self, progress: Progress) -> None:
        self.calls += 1
        self._log.write(fraction=progress.fraction, rows=progress.rows_read)
        if self.calls == self._wish.progress:
            self._end()

    def _count_deed(self, event: str, words: tuple[Any, ...]) -> None:
        if event in DEEDS and str(words[0]).startswith((self._wish.scratch, self._wish.output)):
            self._deeds += 1
            if self._deeds == self._wish.deed:
                self._end()

    def _count_published(self, event: str, words: tuple[Any, ...]) -> None:
        if event == "os.rename" and Path(words[1]).parent == Path(self._wish.output):
            self._deeds += 1
            if self._deeds == self._wish.published:
                self._end()

    def _end(self) -> None:
        if self._wish.signal == signal.SIGTERM:
            raise SystemExit(0)
        os.kill(os.getpid(), self._wish.signal)


def _count_ticks(ending: _Ending) -> None:
    """Let progress calls be the time, in which nothing is written in the background."""
    checkpoint.time = type("Clock", (), {"monotonic": staticmethod(lambda: float(ending.calls))})  # type: ignore[assignment]
    take = checkpoint.Checkpoints.take

    def take_and_wait(self: checkpoint.Checkpoints, *words: Any) -> None:
        take(self, *words)
        self._await_write()

    checkpoint.Checkpoints.take = take_and_wait  # type: ignore[method-assign]


def _run(path: str, wish: Wish) -> None:
    log = _Log(path)
    _prepare(wish, log)
    ending = _Ending(wish, log)
    if wish.ticks is not None:
        _count_ticks(ending)
    try:
        found = pipeline.process_csv(Path(wish.source), Path(wish.output), _options(wish), ending.on_progress)
        log.write(outcome=found.to_json())
    except RefusedError as error:
        log.write(refusal=error.to_json() | error.summary())


def _serve() -> None:
    for line in sys.stdin:
        path, words = json.loads(line)
        child = os.fork()
        if not child:
            try:
                _run(path, Wish(**words))
            except SystemExit:
                os._exit(STOPPED)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    _serve()
