"""Where the rows of all blocks go: into a grid of running totals while songs are few, else into buckets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.arrays import to_numpy
from processing.checkpoints.checkpoint import Snapshot, State, all_of
from processing.dialect.dialect import Dialect
from processing.reading.arrow_reader import ROWS, BlockReport, read_block
from processing.reading.blocks import Span
from processing.totalling.aggregate import Totals
from processing.totalling.arrow_buckets import Buckets
from processing.totalling.bucket_splitting import fitting
from processing.totalling.plan import Plan
from processing.totalling.running_totals import Grid
from processing.totalling.song_dictionary import SongFiles

_SONGS = pa.schema([ROWS.field(0)])


class Source(Protocol):
    """What some of the totals come from."""

    @property
    def rows(self) -> int:
        """How many rows there are to add up."""

    def totals(self) -> Totals:
        """Their totals; to be asked for once."""


class Accumulator(Protocol):
    """The rows of one run; reading is safe from several threads."""

    def read(self, span: Span, spool: Path | None) -> BlockReport:
        """Read a block and keep its rows; ``spool`` as read_block has it."""

    def finish(self) -> None:
        """All blocks were read."""

    def close(self) -> None:
        """Give back what is open; to be called on success and failure alike, once the sources are used up."""

    @property
    def weight(self) -> int:
        """The rows of all sources, known after finish()."""

    @property
    def names_a_total(self) -> bool:
        """Whether lines of totals above the second and later tables of a file may have been taken for songs."""

    def sources(self, first: int = 0) -> Iterator[tuple[int, Source]]:
        """What the totals come from, in the order of songs, in numbered groups, from the group ``first`` on."""

    def snapshot(self, first: int = 0) -> Snapshot:
        """All rows so far, or those of the groups from ``first`` on, for resume(); to be called while none are read.

        Only in a job that keeps checkpoints: files that were kept are not written again.
        """

    def resume(self, state: State) -> None:
        """Hold, in a new gathering, what was kept of one with the same job; raises what broken files lead to."""


@dataclass(frozen=True, slots=True)
class RunInput:
    """What is read, and by what plan."""

    source: Path
    dialect: Dialect
    plan: Plan
    folder: Path  # in scratch
    keeps_checkpoints: bool = False  # so scratch is not given back on the way


class ArrowAccumulator:
    """The rows of one run, read by Arrow: what does the work where the kernel is not installed."""

    def __init__(self, run_input: RunInput) -> None:
        run_input.folder.mkdir(parents=True, exist_ok=True)
        self._input = run_input
        self._grid = Grid(
            0 if run_input.dialect.corrections else run_input.plan.grid_bytes
        )  # it counts on sums that only rise
        self._songs = _SongList()
        self._buckets = Buckets(run_input.folder, run_input.plan.splitters, lasts=run_input.keeps_checkpoints)
        self._song_files = SongFiles(run_input.folder, _SONGS)
        self.weight = 0
        self.names_a_total = False  # such lines are told from songs here

    def read(self, span: Span, spool: Path | None) -> BlockReport:
        """Read a block and keep its rows."""
        rows, report = read_block(self._input.source, span, self._input.dialect, coded=self._grid.is_open, spool=spool)
        self._add(rows, report.plays)
        return report

    def finish(self) -> None:
        """All rows are there: where some went into buckets, the totals so far follow them."""
        if self._buckets.has_rows:
            for totals in self._grid.totals(self._songs.names):
                self._buckets.append(totals.to_rows())
            self._grid.clear()
        self.close()
        self._weigh()

    def close(self) -> None:
        """Finish the bucket files."""
        self._buckets.close()

    def sources(self, first: int = 0) -> Iterator[tuple[int, Source]]:
        """What the totals come from, in the order of songs, each with the number of its bucket."""
        if not self._buckets.has_rows:
            yield from self._grid.sources(self._songs.names, first)
        for number, bucket in self._buckets.filled(first):
            for piece in fitting(bucket, self._input.plan.bucket_memory):
                yield number, piece

    def snapshot(self, first: int = 0) -> Snapshot:
        """All rows so far."""
        pieces: dict[str, Snapshot] = {
            "buckets": self._buckets.snapshot(first),
            "grid": self._grid.snapshot(self._input.folder),
            "songs": self._song_files.snapshot(pa.record_batch([self._songs.names], schema=_SONGS)),
        }
        state: dict[str, Any] = {name: piece.state for name, piece in pieces.items()}
        return Snapshot(state, all_of(pieces.values()))

    def resume(self, state: State) -> None:
        """Hold what was kept."""
        self._buckets.resume(state["buckets"])
        self._grid.resume(state["grid"], self._input.folder)
        self._songs.names = self._song_files.resume(state["songs"]).column(0).combine_chunks()
        self._weigh()

    def _weigh(self) -> None:
        self.weight = self._buckets.row_count or self._grid.totals_count

    def _add(self, rows: pa.RecordBatch, plays: int) -> None:
        if not len(rows):
            return
        song = rows.column(0)
        if pa.types.is_dictionary(song.type):
            numbers = self._songs.number(song.dictionary)[to_numpy(song.indices)]
            day, counts = to_numpy(rows.column(1)), to_numpy(rows.column(2))
            if self._grid.add(numbers, day, counts, songs=len(self._songs.names), plays_sum=plays):
                return
            rows = rows.set_column(0, ROWS.field(0), song.dictionary_decode())
        self._buckets.append(rows)


class _SongList:
    """Songs in the order in which they came up, as long as they are few; safe from several threads."""

    def __init__(self) -> None:
        self.names = pa.array([], pa.string())
        self._lock = threading.Lock()

    def number(self, names: pa.Array) -> npt.NDArray[np.int64]:
        """The place of each song in the list, which grows by those that are new."""
        with self._lock:
            unknown = names.filter(pc.is_null(pc.index_in(names, value_set=self.names)))
            if len(unknown):
                self.names = pa.concat_arrays([self.names, unknown])
            numbers: npt.NDArray[np.int64] = to_numpy(pc.index_in(names, value_set=self.names)).astype(np.int64)
        return numbers
