"""Aggregation of one bucket: plays added up for each (song, day), sorted by song and day."""

from __future__ import annotations

import gc
import logging
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.arrays import to_arrow, to_numpy
from processing.reading.arrow_reader import ROWS, largest

logging.getLogger("vaex").setLevel(logging.CRITICAL)  # it logs tracebacks of errors that we report ourselves

# Cells per row in a grid of songs and days; measured in docs/decisions/0002-grid-or-runs.md.
DENSE_CELLS_PER_ROW = 0.5  # up to here use Vaex
CELLS_PER_ROW = 4  # up to here use a plain array, beyond it sorting
# Below this all methods take milliseconds, and importing Vaex most of a second.
LEAST_VAEX_ROWS = 1 << 16
_VAEX = threading.Lock()  # its executor serves one caller at a time, with threads of its own

_RADIX = 1 << 16
_MOST = (1 << 63) - 1

Ints = npt.NDArray[np.int64]
_Columns = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], pa.Array]  # song, day, plays of each total


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a range of songs, sorted by song (code points) and day."""

    names: pa.Array  # the distinct songs, sorted
    song: npt.NDArray[np.int32]  # for each total the index in names
    day: npt.NDArray[np.int32]  # for each total the days since 1970-01-01
    plays: pa.Array  # int64, or decimal text if one is beyond 2^63 - 1

    @property
    def rows(self) -> int:
        """The number of totals."""
        return len(self.song)

    def totals(self) -> Totals:
        """Return the totals themselves, which need no adding up."""
        return self

    def to_rows(self) -> pa.RecordBatch:
        """Return the totals as rows (schema arrow_reader.ROWS) to add up again; one beyond 2^63 - 1 becomes several."""
        song, day, plays = self.song, self.day, self.plays
        if plays.type != pa.int64():
            of, plays = _in_int64(plays)
            song, day = song[of], day[of]
        return pa.record_batch([self.names.take(to_arrow(song)), to_arrow(day), plays], schema=ROWS)


@dataclass(frozen=True, slots=True)
class Coded:
    """The rows of a bucket, at least one, dictionary-encoded with sorted songs."""

    names: pa.Array  # the distinct songs, sorted
    song: npt.NDArray[np.int32]  # for each row the index in names
    day: npt.NDArray[np.int32]  # for each row the days since first_day
    first_day: int  # days since 1970-01-01
    days: int  # number of days from the first to the last
    plays: Ints

    @classmethod
    def of(cls, names: pa.Array, song: npt.NDArray[np.int32], day: npt.NDArray[np.int32], plays: Ints) -> Coded:
        """Return rows with these days since 1970-01-01."""
        first = int(day.min())
        return cls(names, song, day - np.int32(first), first, int(day.max()) - first + 1, plays)


def _in_int64(texts: pa.Array) -> tuple[npt.NDArray[np.intp], pa.Array]:
    """Return, for each int64 part of the numbers in the texts, the index of its text and the part itself."""
    of, parts = [], []
    for number, text in enumerate(texts.to_pylist()):
        left = int(text)
        while True:
            part = max(min(left, _MOST), -_MOST)
            of.append(number)
            parts.append(part)
            left -= part
            if not left:
                break
    return np.array(of, np.intp), pa.array(parts, pa.int64())


def total(rows: pa.Table) -> Totals:
    """Add up a table of at least one (song, day, plays) row, schema arrow_reader.ROWS."""
    return total_coded(_code(rows))


def total_coded(coded: Coded) -> Totals:
    """Add up dictionary-encoded rows by the fastest method for their density."""
    rows, cells = len(coded.plays), len(coded.names) * coded.days
    if largest(coded.plays) * rows >= 1 << 63:
        song, day, plays = _run_totals(coded, exact=True)
    elif rows >= LEAST_VAEX_ROWS and cells <= DENSE_CELLS_PER_ROW * rows:
        song, day, plays = _grid_totals(coded)
    elif cells <= CELLS_PER_ROW * rows:
        song, day, plays = _cell_totals(coded)
    else:
        song, day, plays = _run_totals(coded, exact=False)
    return Totals(coded.names, song, day + np.int32(coded.first_day), plays)


def _code(rows: pa.Table) -> Coded:
    encoded = rows.column("song").dictionary_encode().combine_chunks()
    order = pc.array_sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[to_numpy(order)] = np.arange(len(order), dtype=np.int32)
    day, plays = (to_numpy(rows.column(name).combine_chunks()) for name in ("day", "plays"))
    return Coded.of(encoded.dictionary.take(order), rank[to_numpy(encoded.indices)], day, plays)


def _grid_totals(coded: Coded) -> _Columns:
    """Add up dense (song, day) pairs: Vaex adds into a grid with a cell for each pair."""
    # Imported here, since it takes most of a second and many files never need it. The worker imports it early.
    import vaex

    shape = [len(coded.names), coded.days]
    with _VAEX:
        frame = vaex.from_arrays(song=coded.song, day=coded.day, plays=coded.plays)
        place = {"binby": ["song", "day"], "limits": [[-0.5, n - 0.5] for n in shape], "shape": shape, "delay": True}
        sums, counts = frame.sum("plays", **place), frame.count(**place)
        frame.execute()
    song, day = np.nonzero(np.asarray(counts.get()))  # a pair whose plays add up to 0 counts too
    plays = np.asarray(sums.get())[song, day].astype(np.int64, copy=False)
    del frame, sums, counts
    gc.collect(1)  # Vaex's frames are reference cycles, which keep the rows alive
    return song.astype(np.int32), day.astype(np.int32), to_arrow(plays)


def _cell_totals(coded: Coded) -> _Columns:
    """Add up pairs that are neither dense nor sparse, in an array with a cell for each."""
    cell = coded.song.astype(np.int64) * coded.days + coded.day
    sums = np.zeros(len(coded.names) * coded.days, np.int64)
    np.add.at(sums, cell, coded.plays)
    seen = np.zeros(len(sums), bool)
    seen[cell] = True
    found = np.flatnonzero(seen)
    song = found // coded.days
    return song.astype(np.int32), (found - song * coded.days).astype(np.int32), to_arrow(sums[found])


def _run_totals(coded: Coded, *, exact: bool) -> _Columns:
    """Add up sparse pairs: sort the rows, then add up the runs of equal pairs."""
    order = _order(coded)
    song, day, plays = coded.song[order], coded.day[order], coded.plays[order]
    starts = np.flatnonzero(np.concatenate([[True], (song[1:] != song[:-1]) | (day[1:] != day[:-1])]))
    if not exact:
        return song[starts], day[starts], to_arrow(np.add.reduceat(plays, starts))
    high, low = np.add.reduceat(plays >> 32, starts), np.add.reduceat(plays & 0xFFFFFFFF, starts)
    texts = [str((int(above) << 32) + int(below)) for above, below in zip(high, low, strict=True)]
    return song[starts], day[starts], pa.array(texts, pa.string())


def _order(coded: Coded) -> npt.NDArray[np.intp]:
    """Return the order by song and day: sorted by day, then stably by song, for which numpy has a 16-bit radix sort."""
    if coded.days > _RADIX or len(coded.names) > _RADIX:
        return np.argsort(coded.song.astype(np.int64) * coded.days + coded.day)
    by_day = np.argsort(coded.day.astype(np.uint16), kind="stable")
    by_song = np.argsort(coded.song.astype(np.uint16)[by_day], kind="stable")
    return by_day[by_song]
