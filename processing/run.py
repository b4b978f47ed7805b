"""The stages of a run after its inspection: reading and totalling, each from the start or from a checkpoint."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from common.option_words import BadRows
from processing.arrays import to_numpy
from processing.checkpoints.checkpoint import Checkpoints, Snapshot, State, restoring
from processing.checkpoints.position import Position
from processing.checkpoints.workspace import Workspace
from processing.dialect.surprises import ReopenError
from processing.meter import Meter
from processing.options import Options
from processing.parallel import in_batches, in_order
from processing.progress import Step
from processing.reading.arrow_reader import BlockReport, exact_sum
from processing.reading.blocks import Span, spans
from processing.reading.rejections import Rejections
from processing.totalling.accumulator import Accumulator, RunInput, Source
from processing.writing.formats import OutputFormat
from processing.writing.part_writer import PartWriter


@dataclass(slots=True)
class Run:
    """One run in progress: what its stages work on, and how far they are."""

    run_input: RunInput
    workspace: Workspace
    options: Options
    meter: Meter
    checkpoints: Checkpoints
    accumulator: Accumulator
    rejections: Rejections
    position: Position
    output_format: OutputFormat
    by_kernel: bool

    def resume(self, saved: State) -> None:
        """Restore a checkpoint; raise UnusableError, or what the progress callback raises."""
        with restoring():
            self.position = Position.from_state(saved["position"])
            self.accumulator.resume(saved["accumulator"])
            if self.position.is_read:
                self.rejections.recall(saved["rejections"])
            else:
                self.rejections.resume(saved["rejections"])
            self.meter.resume(saved["meter"])
        self.meter.tell()

    def read(self, executor: Executor) -> None:
        """Read all blocks; raise ReopenError, or RefusedError if rows are bad and may not be left out."""
        position, run_input = self.position, self.run_input
        spools = self.options.bad_rows is BadRows.SKIP

        def work(span: Span) -> BlockReport:
            return self.accumulator.read(span, self.workspace.scratch / f"bad-{span.index}.csv" if spools else None)

        first: Any = {"index": position.index, "start": position.start, "entry": position.entry}
        cuts = spans(
            run_input.source,
            run_input.dialect,
            run_input.plan.block_bytes,
            self.options,
            use_kernel=self.by_kernel,
            **first,
        )
        # Checkpoints are taken between two batches, when no block is in flight.
        for blocks in in_batches(cuts, self.checkpoints.is_due):
            if self.checkpoints.is_due():
                self._take_checkpoint()
            for block in in_order(executor, work, blocks, under_way=self.options.threads + 1):
                self.rejections.add(block)
                position.rows += block.rows
                position.plays += block.plays
                position.index, position.start, position.entry = block.span.index + 1, block.span.end, block.span.entry
                self.meter.show(block.span.fraction, position.rows + self.rejections.count)
        self.accumulator.finish()
        if self.accumulator.names_a_total:
            raise ReopenError(by_tokenizer=True)
        self.rejections.close()
        if self.rejections.count and not spools:
            raise self.rejections.refusal(position.rows + self.rejections.count)
        position.is_read = True
        self.meter.enter(Step.TOTALLING)
        if self.checkpoints.keeps:
            self._take_checkpoint()

    def total(self, executor: Executor) -> tuple[int, int]:
        """Write all parts; return the number of rows in them and the sum of their plays."""
        position = self.position
        groups, plays, weight = position.written, position.plays_written, position.weight
        to_skip = position.rows_to_skip
        sources = self.accumulator.sources(position.bucket)
        output, limit = self.output_format, self.options.max_part_bytes

        def work(numbered: tuple[int, Source]) -> _Encoded:
            return _encode(*numbered, output)

        with PartWriter(self.workspace.staging, output, limit, position.parts) as writer:
            for done in in_order(executor, work, sources, under_way=self.options.threads + 1):
                if done.bucket != position.bucket:
                    position.bucket, position.written, position.plays_written, position.weight = (
                        done.bucket,
                        groups,
                        plays,
                        weight,
                    )
                skipped = min(to_skip, done.rows)
                to_skip -= skipped
                parts = len(writer.parts)
                if skipped < done.rows:
                    chunk = output.without_rows(done.chunk, skipped) if skipped else done.chunk
                    writer.append(chunk, done.rows - skipped)
                groups += done.rows
                plays += done.plays
                weight += done.weight
                # Only now is the last part known to end within the current bucket.
                if len(writer.parts) > parts and self.checkpoints.is_due():
                    position.parts = tuple(writer.parts)
                    self._take_checkpoint()
                self.meter.show(weight / self.accumulator.weight)
            position.parts = writer.finish()
        return groups, plays

    def _take_checkpoint(self) -> None:
        accumulator, rejections = self.accumulator.snapshot(self.position.bucket), self.rejections.snapshot()
        parts = tuple(self.workspace.staging / part.name for part in self.position.parts)
        state = {
            "dialect": self.run_input.dialect.to_state(),
            "plan": self.run_input.plan.to_state(),
            "use_kernel": self.options.use_kernel,
            "by_kernel": self.by_kernel,
            "meter": self.meter.to_state(),
            "position": self.position.to_state(),
            "accumulator": accumulator.state,
            "rejections": rejections.state,
        }
        self.checkpoints.take(self.meter.fraction, Snapshot(state, accumulator.files + rejections.files + parts))


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The totals of one source in the output's format."""

    bucket: int
    chunk: memoryview
    rows: int
    plays: int
    weight: int  # of its source, for the progress


def _encode(bucket: int, source: Source, output_format: OutputFormat) -> _Encoded:
    weight = source.rows
    totals = source.totals()
    fits = totals.plays.type == pa.int64()
    plays = exact_sum(to_numpy(totals.plays)) if fits else sum(map(int, totals.plays.to_pylist()))
    return _Encoded(bucket, output_format.encode(totals), totals.rows, plays, weight)
