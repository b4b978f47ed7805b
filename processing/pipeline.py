"""The pipeline of a run: inspect the file, read it into buckets, total them, write parts, prove the sums."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from common.option_words import BadRows
from processing.checkpoints.checkpoint import Checkpoints, State, UnusableError, restoring
from processing.checkpoints.position import Position
from processing.checkpoints.workspace import Workspace, workspace_for
from processing.dialect.dialect import Dialect
from processing.dialect.surprises import ReopenError
from processing.errors import RefusedError
from processing.inspection.date_scan import with_settled_dates
from processing.inspection.inspect import inspect
from processing.inspection.sample import encoding_of_whole_file
from processing.meter import Meter
from processing.options import Options
from processing.progress import OnProgress, Step
from processing.reading.kernel_ffi import can_read
from processing.reading.rejections import Rejections
from processing.result import Outcome
from processing.run import Run
from processing.totalling.accumulator import Accumulator, ArrowAccumulator, RunInput
from processing.totalling.kernel_accumulator import KernelAccumulator
from processing.totalling.plan import MAX_ARROW_BUCKETS, MAX_ENCODED_BUCKETS, Plan, make_plan
from processing.writing.formats import FORMATS
from processing.writing.publish import publish, refuse_if_taken


class ProofError(RuntimeError):
    """The sums of a run do not agree: a defect of ours, never of the file."""


def process_csv(
    source: Path, output: Path, options: Options | None = None, on_progress: OnProgress | None = None
) -> Outcome:
    """Add up the plays in ``source`` for each song and day.

    Publish part-00001.csv and so on, manifest.json and, if rows were left out, rejected.csv in the folder ``output``.
    They replace those of an earlier run, each whole or not at all.

    With ``options.keeps_checkpoints``, a run that dies or ends by a BaseException that is no Exception leaves ``run``
    in the scratch folder and ``.unfinished`` in ``output``, and the next run with the same source and options resumes
    from there. Only one process may work in these two: rename both before taking over from one that may still live.

    Raises:
        RefusedError: the file cannot be added up as it is; ``output`` is unchanged.
        OutputTakenError: files that no earlier run wrote would be replaced, perhaps ``source``; an OSError.
        OSError: a file cannot be read or written.
    """
    options = options or Options()
    output.mkdir(parents=True, exist_ok=True)
    refuse_if_taken(source, output)
    with workspace_for(output, options) as workspace, closing(Checkpoints(source, workspace, options)) as checkpoints:
        outcome = _resume_or_start(source, workspace, options, Meter(on_progress), checkpoints)
        publish(workspace.staging, output, outcome, keep_staged=options.keeps_checkpoints)
    return outcome


def _resume_or_start(
    source: Path, workspace: Workspace, options: Options, meter: Meter, checkpoints: Checkpoints
) -> Outcome:
    """Resume from a checkpoint, or inspect the file and start from the beginning."""
    saved = checkpoints.find()
    if saved is not None:
        try:
            with restoring():
                dialect, chosen = Dialect.from_state(saved["dialect"]), replace(options, use_kernel=saved["use_kernel"])
            return _run_with_dialect(_Pipeline(source, dialect, workspace, chosen, meter, checkpoints), saved)
        except UnusableError:
            checkpoints.forget()
    workspace.clear()
    meter.enter(Step.CHECKING)
    return _run_with_dialect(_Pipeline(source, inspect(source, options), workspace, options, meter, checkpoints), None)


def _run_with_dialect(pipeline: _Pipeline, saved: State | None) -> Outcome:
    """Run what follows the inspection, and run it again if the file must be reopened."""
    dialect = pipeline.dialect
    try:
        if saved is None:
            dialect = with_settled_dates(pipeline.source, dialect, pipeline.options, lambda: pipeline.meter.show(0.5))
            pipeline = replace(pipeline, dialect=dialect)
        while True:
            try:
                return pipeline.run(saved)
            except ReopenError as again:  # at most once for each reason
                saved = None
                pipeline.checkpoints.forget()
                pipeline.workspace.clear()
                if again.by_tokenizer:
                    pipeline = replace(pipeline, options=replace(pipeline.options, use_kernel=False))
                else:
                    found = encoding_of_whole_file(pipeline.source, dialect.compression, pipeline.options)
                    dialect = replace(dialect, encoding=found, may_reopen=False)
                    pipeline = replace(pipeline, dialect=dialect)
    except RefusedError as refusal:
        refusal.detected = dialect.detected()
        raise


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """One run from file to staged parts."""

    source: Path
    dialect: Dialect
    workspace: Workspace
    options: Options
    meter: Meter
    checkpoints: Checkpoints

    def run(self, saved: State | None) -> Outcome:
        """Read, total and write, from a checkpoint on if given, and prove that nothing was lost on the way."""
        options, meter = self.options, self.meter
        by_kernel = options.use_kernel and can_read(self.dialect)
        run_input = self._input(saved, by_kernel=by_kernel)
        skips = options.bad_rows is BadRows.SKIP
        with (
            closing(accumulator_for(run_input, by_kernel=by_kernel)) as accumulator,
            ThreadPoolExecutor(options.threads) as executor,
            Rejections(self.source, self.workspace.staging, self.dialect, keep_all=skips) as rejections,
        ):
            begin = Position(self.dialect.first_row)
            run = Run(
                run_input,
                self.workspace,
                options,
                meter,
                self.checkpoints,
                accumulator,
                rejections,
                begin,
                FORMATS[options.output_format],
                by_kernel=by_kernel,
            )
            if saved is None:
                meter.enter(Step.READING)
            else:
                run.resume(saved)
            if not run.position.is_read:
                run.read(executor)
            groups, plays = run.total(executor)
        found = run.position
        if plays != found.plays:
            raise ProofError(f"{found.plays} plays in, {plays} out")
        meter.enter(Step.WRITING)
        return Outcome(
            rows_read=found.rows + rejections.count,
            rows_used=found.rows,
            bad_rows=rejections.count,
            plays=plays,
            groups=groups,
            seconds=meter.seconds(),
            detected=self.dialect.detected(),
            parts=found.parts,
            rejected=tuple(rejections.listed),
        )

    def _input(self, saved: State | None, *, by_kernel: bool) -> RunInput:
        if saved is None:
            most = MAX_ENCODED_BUCKETS if by_kernel else MAX_ARROW_BUCKETS
            plan = make_plan(self.source, self.dialect, self.options, most)
        else:
            with restoring():
                plan = Plan.from_state(saved["plan"])
                if saved["by_kernel"] != by_kernel:
                    raise ValueError("the kernel came or went meanwhile")
        folder = self.workspace.scratch / "buckets"
        return RunInput(self.source, self.dialect, plan, folder, keeps_checkpoints=self.checkpoints.keeps)


def accumulator_for(run_input: RunInput, *, by_kernel: bool) -> Accumulator:
    """Return the accumulator of a run, for the compiled kernel or for Arrow; the totals are the same."""
    return KernelAccumulator(run_input) if by_kernel else ArrowAccumulator(run_input)
