"""The whole run: inspect, read into buckets, total, write parts, prove."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from processing.blocks import Span, spans
from processing.buckets import Bucket, Buckets
from processing.dialect import Dialect
from processing.fitting import fitting
from processing.inspection import inspect
from processing.meter import Meter
from processing.options import BadRows, Options
from processing.outcome import Outcome, Part
from processing.parallel import in_order
from processing.parts import PartWriter, format_totals
from processing.plan import Plan, make_plan
from processing.progress import OnProgress, Step
from processing.reading import BlockReport, exact_sum, read_block
from processing.rejections import Rejections
from processing.totals import total

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
        outcome = _Run(source, staging, scratch, options, Meter(on_progress)).outcome()
        _publish(staging, output, outcome)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(staging, ignore_errors=True)
    return outcome


@dataclass(frozen=True, slots=True)
class _Read:
    """What reading found out."""

    rows_used: int
    plays: int
    buckets: list[Bucket]


@dataclass(frozen=True, slots=True)
class _Formatted:
    """The totals of one bucket as CSV rows."""

    text: pa.Buffer
    rows_in: int
    rows: int
    plays: int


@dataclass(frozen=True, slots=True)
class _Run:
    """One run from file to staged parts."""

    source: Path
    staging: Path
    scratch: Path
    options: Options
    meter: Meter

    def outcome(self) -> Outcome:
        """Do it all, and prove that nothing was lost on the way."""
        self.meter.enter(Step.CHECKING)
        dialect = inspect(self.source)
        plan = make_plan(self.source, dialect, self.options)
        with ThreadPoolExecutor(self.options.threads) as executor:
            with Rejections(self.source, self.staging) as rejections:
                self.meter.enter(Step.READING)
                read = self._read(executor, dialect, plan, rejections)
            if rejections.count and self.options.bad_rows is BadRows.STOP:
                raise rejections.refusal()
            self.meter.enter(Step.TOTALLING)
            parts, groups, plays = self._total(executor, plan, read)
        if plays != read.plays:
            raise ProofError(f"{read.plays} plays in, {plays} out")
        self.meter.enter(Step.WRITING)
        return Outcome(
            rows_read=read.rows_used + rejections.count,
            rows_used=read.rows_used,
            bad_rows=rejections.count,
            plays=plays,
            groups=groups,
            seconds=self.meter.seconds(),
            detected=dialect.detected(),
            parts=parts,
            rejected=tuple(rejections.listed),
        )

    def _read(self, executor: Executor, dialect: Dialect, plan: Plan, rejections: Rejections) -> _Read:
        size = max(self.source.stat().st_size - dialect.first_row, 1)
        buckets = Buckets(self.scratch / "buckets", plan.splitters)
        rows = plays = 0

        def work(span: Span) -> BlockReport:
            found, report = read_block(self.source, span, dialect)
            buckets.append(found)
            return report

        try:
            cuts = spans(self.source, dialect.first_row, plan.block_bytes, dialect.delimiter)
            for block in in_order(executor, work, cuts, under_way=self.options.threads + 1):
                rejections.add(block)
                rows += block.rows
                plays += block.plays
                self.meter.show((block.span.end - dialect.first_row) / size, rows + rejections.count)
        finally:
            buckets.close()
        return _Read(rows, plays, buckets.filled())

    def _total(self, executor: Executor, plan: Plan, read: _Read) -> tuple[tuple[Part, ...], int, int]:
        groups = plays = rows = 0
        with PartWriter(self.staging, self.options.max_part_bytes) as writer:
            buckets = self._fitting(read.buckets, plan)
            for done in in_order(executor, _total_bucket, buckets, under_way=self.options.threads + 1):
                writer.append(memoryview(done.text), done.rows)
                groups += done.rows
                plays += done.plays
                rows += done.rows_in
                self.meter.show(rows / read.rows_used)
            return writer.finish(), groups, plays

    @staticmethod
    def _fitting(buckets: list[Bucket], plan: Plan) -> Iterator[Bucket]:
        for bucket in buckets:
            yield from fitting(bucket, plan.bucket_memory)


def _total_bucket(bucket: Bucket) -> _Formatted:
    with pa.memory_map(str(bucket.path)) as file:
        totals = total(pa.ipc.open_file(file).read_all())
    bucket.path.unlink()
    exact = totals.plays.type == pa.int64()
    plays = exact_sum(totals.plays.to_numpy()) if exact else sum(map(int, totals.plays.to_pylist()))
    return _Formatted(format_totals(totals), bucket.rows, len(totals.song), plays)


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
