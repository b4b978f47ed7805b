"""Accumulators: where the rows of all blocks go, into running totals while songs are few, otherwise into buckets."""

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
from processing.checkpoints.checkpoint import Snapshot, State, files_of
from processing.dialect.dialect import Dialect
from processing.reading.arrow_reader import ROWS, BlockReport, read_block
from processing.reading.blocks import Span
from processing.totalling.aggregate import Totals
from processing.totalling.arrow_buckets import Buckets
from processing.totalling.bucket_splitting import split_to_fit
from processing.totalling.plan import Plan
from processing.totalling.running_totals import Grid
from processing.totalling.song_dictionary import SongFiles

_SONGS = pa.schema([ROWS.field(0)])


class Source(Protocol):
    """The rows from which some of the totals are computed."""

    @property
    def rows(self) -> int:
        """The number of rows to add up."""

    def totals(self) -> Totals:
        """Return the totals of the rows; call it once."""


class Accumulator(Protocol):
    """The rows of one run; reading is thread-safe."""

    def read(self, span: Span, spool: Path | None) -> BlockReport:
        """Read a block and keep its rows; ``spool`` is a file for bad rows beyond those that the report lists."""

    def finish(self) -> None:
        """Finish after the last block."""

    def close(self) -> None:
        """Release what is open; call it on success and failure alike, once the sources are used up."""

    @property
    def weight(self) -> int:
        """The number of rows in all sources, known after finish()."""

    @property
    def names_a_total(self) -> bool:
        """Whether totals lines above the second and later tables of a file may have been taken for songs."""

    def sources(self, first: int = 0) -> Iterator[tuple[int, Source]]:
        """Yield the sources in the order of songs, each with the number of its group, from group ``first`` on."""

    def snapshot(self, first: int = 0) -> Snapshot:
        """Return all rows so far, or those of the groups from ``first`` on, for resume(); no thread may be reading.

        Only for a run that keeps checkpoints. Files of an earlier snapshot are not written again.
        """

    def resume(self, state: State) -> None:
        """Restore a snapshot of the same run in a new accumulator; broken files raise any exception."""


@dataclass(frozen=True, slots=True)
class RunInput:
    """What is read, and by what plan."""

    source: Path
    dialect: Dialect
    plan: Plan
    folder: Path  # in scratch
    keeps_checkpoints: bool = False  # so files in scratch stay until the end


class ArrowAccumulator:
    """The rows of one run, read by Arrow where the kernel is not installed."""

    def __init__(self, run_input: RunInput) -> None:
        run_input.folder.mkdir(parents=True, exist_ok=True)
        self._input = run_input
        # The grid relies on sums that never decrease.
        self._grid = Grid(0 if run_input.dialect.corrections else run_input.plan.grid_bytes)
        self._songs = _SongList()
        self._buckets = Buckets(run_input.folder, run_input.plan.splitters, lasts=run_input.keeps_checkpoints)
        self._song_files = SongFiles(run_input.folder, _SONGS)
        self.weight = 0
        self.names_a_total = False  # this engine recognizes such lines

    def read(self, span: Span, spool: Path | None) -> BlockReport:
        """Read a block and keep its rows."""
        rows, report = read_block(self._input.source, span, self._input.dialect, coded=self._grid.is_open, spool=spool)
        self._add(rows, report.plays)
        return report

    def finish(self) -> None:
        """Finish after the last block; if rows went into buckets, the running totals follow them."""
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
        """Yield the sources of the totals in the order of songs, each with the number of its bucket."""
        if not self._buckets.has_rows:
            yield from self._grid.sources(self._songs.names, first)
        for number, bucket in self._buckets.filled(first):
            for piece in split_to_fit(bucket, self._input.plan.bucket_memory):
                yield number, piece

    def snapshot(self, first: int = 0) -> Snapshot:
        """Return all rows so far."""
        pieces: dict[str, Snapshot] = {
            "buckets": self._buckets.snapshot(first),
            "grid": self._grid.snapshot(self._input.folder),
            "songs": self._song_files.snapshot(pa.record_batch([self._songs.names], schema=_SONGS)),
        }
        state: dict[str, Any] = {name: piece.state for name, piece in pieces.items()}
        return Snapshot(state, files_of(pieces.values()))

    def resume(self, state: State) -> None:
        """Restore a snapshot."""
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
    """Songs in order of appearance, as long as they are few; thread-safe."""

    def __init__(self) -> None:
        self.names = pa.array([], pa.string())
        self._lock = threading.Lock()

    def number(self, names: pa.Array) -> npt.NDArray[np.int64]:
        """Return the index of each song in the list, to which new ones are added."""
        with self._lock:
            unknown = names.filter(pc.is_null(pc.index_in(names, value_set=self.names)))
            if len(unknown):
                self.names = pa.concat_arrays([self.names, unknown])
            numbers: npt.NDArray[np.int64] = to_numpy(pc.index_in(names, value_set=self.names)).astype(np.int64)
        return numbers
