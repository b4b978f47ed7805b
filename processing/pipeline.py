"""The whole run: inspect, read into buckets, total, write parts, prove."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from processing.arrays import to_numpy
from processing.blocks import Span, spans
from processing.dialect import Dialect
from processing.doubts import ReopenError
from processing.errors import RefusedError
from processing.gathering import Gathering, Job, Source
from processing.gatherings import gathering_for, is_for_kernel
from processing.inspection import inspect
from processing.meter import Meter
from processing.options import BadRows, Options
from processing.outcome import Outcome, Part
from processing.parallel import in_order
from processing.parts import PartWriter, format_totals
from processing.plan import MAX_ARROW_BUCKETS, MAX_NUMBERED_BUCKETS, make_plan
from processing.progress import OnProgress, Step
from processing.reading import BlockReport, exact_sum
from processing.rejections import FILE_NAME as REJECTED
from processing.rejections import Rejections
from processing.sample import encoding_of_whole_file
from processing.whole_file import with_settled_dates

MANIFEST = "manifest.json"


class ProofError(RuntimeError):
    """The sums of a run do not agree: a defect of ours, never of the file."""


def process_csv(
    source: Path, output: Path, options: Options | None = None, on_progress: OnProgress | None = None
) -> Outcome:
    """Add up the plays in ``source`` for each song and day.

    Into the folder ``output`` go part-00001.csv and on, MANIFEST, and rejected.csv where rows were left out; they
    replace those of an earlier run, each whole or not at all.

    Raises:
        RefusedError: the file cannot be added up as it is; ``output`` is as it was.
        OSError: a file cannot be read or written.
    """
    options = options or Options()
    output.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=output))
    scratch = Path(tempfile.mkdtemp(prefix="buckets-", dir=options.scratch or staging))
    try:
        outcome = _outcome(source, staging, scratch, options, Meter(on_progress))
        _publish(staging, output, outcome)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(staging, ignore_errors=True)
    return outcome


def _outcome(source: Path, staging: Path, scratch: Path, options: Options, meter: Meter) -> Outcome:
    """Inspect the file and do the rest; once more where its encoding shows only later."""
    meter.enter(Step.CHECKING)
    dialect = inspect(source, options)
    try:
        dialect = with_settled_dates(source, dialect, options, lambda: meter.show(0.5))
        while True:
            try:
                return _Run(source, dialect, staging, scratch / "run", options, meter).outcome()
            except ReopenError as again:  # each reason comes up once
                shutil.rmtree(scratch / "run")
                (staging / REJECTED).unlink(missing_ok=True)
                if again.by_tokenizer:
                    options = replace(options, use_kernel=False)
                else:
                    found = encoding_of_whole_file(source, dialect.compression, options)
                    dialect = replace(dialect, encoding=found, may_reopen=False)
    except RefusedError as refusal:
        refusal.detected = dialect.detected()
        raise


@dataclass(frozen=True, slots=True)
class _Formatted:
    """The totals of one source as CSV rows."""

    text: pa.Buffer
    rows: int
    plays: int
    weight: int  # of its source, for the progress


@dataclass(frozen=True, slots=True)
class _Run:
    """One run from file to staged parts."""

    source: Path
    dialect: Dialect
    staging: Path
    scratch: Path
    options: Options
    meter: Meter

    @property
    def _skips(self) -> bool:
        return self.options.bad_rows is BadRows.SKIP

    @property
    def _by_kernel(self) -> bool:
        return is_for_kernel(self.dialect, wanted=self.options.use_kernel)

    def outcome(self) -> Outcome:
        """Do it all, and prove that nothing was lost on the way."""
        self.scratch.mkdir()
        most = MAX_NUMBERED_BUCKETS if self._by_kernel else MAX_ARROW_BUCKETS
        plan = make_plan(self.source, self.dialect, self.options, most)
        job = Job(self.source, self.dialect, plan, self.scratch / "buckets")
        with (
            closing(gathering_for(job, by_kernel=self._by_kernel)) as gathering,
            ThreadPoolExecutor(self.options.threads) as executor,
        ):
            with Rejections(self.source, self.staging, self.dialect, keep_all=self._skips) as rejections:
                self.meter.enter(Step.READING)
                rows, plays_in = self._read(executor, gathering, job, rejections)
            if rejections.count and not self._skips:
                raise rejections.refusal()
            self.meter.enter(Step.TOTALLING)
            parts, groups, plays = self._total(executor, gathering)
        if plays != plays_in:
            raise ProofError(f"{plays_in} plays in, {plays} out")
        self.meter.enter(Step.WRITING)
        return Outcome(
            rows_read=rows + rejections.count,
            rows_used=rows,
            bad_rows=rejections.count,
            plays=plays,
            groups=groups,
            seconds=self.meter.seconds(),
            detected=self.dialect.detected(),
            parts=parts,
            rejected=tuple(rejections.listed),
        )

    def _read(self, executor: Executor, gathering: Gathering, job: Job, rejections: Rejections) -> tuple[int, int]:
        """The rows used, and their plays."""
        rows = plays = 0

        def work(span: Span) -> BlockReport:
            return gathering.read(span, self.scratch / f"bad-{span.index}.csv" if self._skips else None)

        cuts = spans(self.source, self.dialect, job.plan.block_bytes, self.options, use_kernel=self._by_kernel)
        for block in in_order(executor, work, cuts, under_way=self.options.threads + 1):
            rejections.add(block)
            rows += block.rows
            plays += block.plays
            self.meter.show(block.span.fraction, rows + rejections.count)
        gathering.finish()
        if gathering.names_a_total:
            raise ReopenError(by_tokenizer=True)
        return rows, plays

    def _total(self, executor: Executor, gathering: Gathering) -> tuple[tuple[Part, ...], int, int]:
        """The parts, the rows in them, and the plays of these."""
        groups = plays = weight = 0
        with PartWriter(self.staging, self.options.max_part_bytes) as writer:
            for done in in_order(executor, _total_source, gathering.sources(), under_way=self.options.threads + 1):
                writer.append(memoryview(done.text), done.rows)
                groups += done.rows
                plays += done.plays
                weight += done.weight
                self.meter.show(weight / gathering.weight)
            return writer.finish(), groups, plays


def _total_source(source: Source) -> _Formatted:
    weight = source.rows
    totals = source.totals()
    fits = totals.plays.type == pa.int64()
    plays = exact_sum(to_numpy(totals.plays)) if fits else sum(map(int, totals.plays.to_pylist()))
    return _Formatted(format_totals(totals), totals.rows, plays, weight)


def _publish(staging: Path, output: Path, outcome: Outcome) -> None:
    """Move the staged files into the output folder, and away with those of an earlier run."""
    manifest = staging / MANIFEST
    with manifest.open("x") as file:
        json.dump(outcome.to_json(), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh = {path.name for path in staging.iterdir() if path.is_file()}
    for path in [*output.glob("part-*.csv"), output / "rejected.csv"]:
        if path.name not in fresh:
            path.unlink(missing_ok=True)
    for name in sorted(fresh):
        os.rename(staging / name, output / name)
    descriptor = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
