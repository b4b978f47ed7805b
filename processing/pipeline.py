"""The whole run: inspect, read into buckets, total, write parts, prove."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

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
from processing.options import BadRows, Options
from processing.progress import OnProgress, Step
from processing.reading.kernel_ffi import can_read
from processing.reading.rejections import Rejections
from processing.result import Outcome
from processing.run import Steps
from processing.totalling.accumulator import Accumulator, ArrowAccumulator, RunInput
from processing.totalling.kernel_accumulator import KernelAccumulator
from processing.totalling.plan import MAX_ARROW_BUCKETS, MAX_NUMBERED_BUCKETS, Plan, make_plan
from processing.writing.publish import publish, refuse_if_taken


class ProofError(RuntimeError):
    """The sums of a run do not agree: a defect of ours, never of the file."""


def process_csv(
    source: Path, output: Path, options: Options | None = None, on_progress: OnProgress | None = None
) -> Outcome:
    """Add up the plays in ``source`` for each song and day.

    Into the folder ``output`` go part-00001.csv and on, manifest.json, and rejected.csv where rows were left out; they
    replace those of an earlier run, each whole or not at all.

    With ``options.keeps_checkpoints`` a run that dies, or is ended by what is no Exception, leaves ``run`` in the
    scratch folder and ``.unfinished`` in ``output``, and the next one with the same source and options goes on from
    there. Only one process may work in them: whoever takes over from one that may still live renames both first.

    Raises:
        RefusedError: the file cannot be added up as it is; ``output`` is as it was.
        OutputTakenError: files would be replaced that no earlier run wrote, ``source`` perhaps; an OSError.
        OSError: a file cannot be read or written.
    """
    options = options or Options()
    output.mkdir(parents=True, exist_ok=True)
    refuse_if_taken(source, output)
    with workspace_for(output, options) as workspace, closing(Checkpoints(source, workspace, options)) as checkpoints:
        outcome = _outcome(source, workspace, options, Meter(on_progress), checkpoints)
        publish(workspace.staging, output, outcome, keep_staged=options.keeps_checkpoints)
    return outcome


def _outcome(source: Path, workspace: Workspace, options: Options, meter: Meter, checkpoints: Checkpoints) -> Outcome:
    """Go on from a checkpoint, or inspect the file and do it all."""
    kept = checkpoints.find()
    if kept is not None:
        try:
            with restoring():
                dialect, chosen = Dialect.from_state(kept["dialect"]), replace(options, use_kernel=kept["use_kernel"])
            return _with_dialect(_Run(source, dialect, workspace, chosen, meter, checkpoints), kept)
        except UnusableError:
            checkpoints.forget()
    workspace.clear()
    meter.enter(Step.CHECKING)
    return _with_dialect(_Run(source, inspect(source, options), workspace, options, meter, checkpoints), None)


def _with_dialect(run: _Run, kept: State | None) -> Outcome:
    """Do what comes behind the inspection; once more where its encoding shows only later."""
    dialect = run.dialect
    try:
        if kept is None:
            dialect = with_settled_dates(run.source, dialect, run.options, lambda: run.meter.show(0.5))
            run = replace(run, dialect=dialect)
        while True:
            try:
                return run.outcome(kept)
            except ReopenError as again:  # each reason comes up once
                kept = None
                run.checkpoints.forget()
                run.workspace.clear()
                if again.by_tokenizer:
                    run = replace(run, options=replace(run.options, use_kernel=False))
                else:
                    found = encoding_of_whole_file(run.source, dialect.compression, run.options)
                    dialect = replace(dialect, encoding=found, may_reopen=False)
                    run = replace(run, dialect=dialect)
    except RefusedError as refusal:
        refusal.detected = dialect.detected()
        raise


@dataclass(frozen=True, slots=True)
class _Run:
    """One run from file to staged parts."""

    source: Path
    dialect: Dialect
    workspace: Workspace
    options: Options
    meter: Meter
    checkpoints: Checkpoints

    def outcome(self, kept: State | None) -> Outcome:
        """Do it all, or what comes behind a checkpoint, and prove that nothing was lost on the way."""
        options, meter = self.options, self.meter
        by_kernel = options.use_kernel and can_read(self.dialect)
        run_input = self._input(kept, by_kernel=by_kernel)
        skips = options.bad_rows is BadRows.SKIP
        with (
            closing(accumulator_for(run_input, by_kernel=by_kernel)) as accumulator,
            ThreadPoolExecutor(options.threads) as executor,
            Rejections(self.source, self.workspace.staging, self.dialect, keep_all=skips) as rejections,
        ):
            begin = Position(self.dialect.first_row)
            steps = Steps(
                run_input,
                self.workspace,
                options,
                meter,
                self.checkpoints,
                accumulator,
                rejections,
                begin,
                by_kernel=by_kernel,
            )
            if kept is None:
                meter.enter(Step.READING)
            else:
                steps.resume(kept)
            if not steps.position.is_read:
                steps.read(executor)
            groups, plays = steps.total(executor)
        found = steps.position
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

    def _input(self, kept: State | None, *, by_kernel: bool) -> RunInput:
        if kept is None:
            most = MAX_NUMBERED_BUCKETS if by_kernel else MAX_ARROW_BUCKETS
            plan = make_plan(self.source, self.dialect, self.options, most)
        else:
            with restoring():
                plan = Plan.from_state(kept["plan"])
                if kept["by_kernel"] != by_kernel:
                    raise ValueError("the kernel came or went meanwhile")
        folder = self.workspace.scratch / "buckets"
        return RunInput(self.source, self.dialect, plan, folder, keeps_checkpoints=self.checkpoints.keeps)


def accumulator_for(run_input: RunInput, *, by_kernel: bool) -> Accumulator:
    """Return what gathers the rows, by the compiled kernel or by Arrow; the totals are the same."""
    return KernelAccumulator(run_input) if by_kernel else ArrowAccumulator(run_input)
