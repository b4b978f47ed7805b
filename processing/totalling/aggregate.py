"""The totals of one bucket: plays added up for each (song, day), sorted by song and day."""

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

logging.getLogger("vaex").setLevel(logging.CRITICAL)  # it prints tracebacks of errors that we report ourselves

# Cells of a grid of songs and days for each row; measured in docs/decisions/0002-grid-or-runs.md.
DENSE_CELLS_PER_ROW = 0.5  # up to here Vaex adds up
CELLS_PER_ROW = 4  # up to here a plain array does, beyond it sorting
# Below, all ways take milliseconds, and loading Vaex most of a second.
LEAST_VAEX_ROWS = 1 << 16
_VAEX = threading.Lock()  # its executor serves one caller at a time, with threads of its own

_RADIX = 1 << 16
_MOST = (1 << 63) - 1

Ints = npt.NDArray[np.int64]
_Columns = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], pa.Array]  # song, day, plays of each total


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a range of songs, in the order of song (code points) and day."""

    names: pa.Array  # the different songs, sorted
    song: npt.NDArray[np.int32]  # for each total the index in names
    day: npt.NDArray[np.int32]  # for each total the days since 1970-01-01
    plays: pa.Array  # int64, or decimal text where one is past 2^63

    @property
    def rows(self) -> int:
        """How many totals there are."""
        return len(self.song)

    def totals(self) -> Totals:
        """Themselves: they need no adding up."""
        return self

    def to_rows(self) -> pa.RecordBatch:
        """The totals as rows (schema reading.ROWS) to be added up again; one past 2^63 is several of them."""
        song, day, plays = self.song, self.day, self.plays
        if plays.type != pa.int64():
            of, plays = _in_int64(plays)
            song, day = song[of], day[of]
        return pa.record_batch([self.names.take(to_arrow(song)), to_arrow(day), plays], schema=ROWS)


@dataclass(frozen=True, slots=True)
class Coded:
    """At least one row of a bucket, as numbers."""

    names: pa.Array  # the different songs, sorted
    song: npt.NDArray[np.int32]  # for each row the index in names
    day: npt.NDArray[np.int32]  # for each row the days since first_day
    first_day: int  # days since 1970-01-01
    days: int  # how many days from the first to the last
    plays: Ints

    @classmethod
    def of(cls, names: pa.Array, song: npt.NDArray[np.int32], day: npt.NDArray[np.int32], plays: Ints) -> Coded:
        """The rows with these days since 1970-01-01."""
        first = int(day.min())
        return cls(names, song, day - np.int32(first), first, int(day.max()) - first + 1, plays)


def _in_int64(texts: pa.Array) -> tuple[npt.NDArray[np.intp], pa.Array]:
    """Numbers that add up to those of the texts, and of which text each is a part; few texts need more than one."""
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
    """Add up a table of at least one (song, day, plays) row, schema reading.ROWS."""
    return total_coded(_code(rows))


def total_coded(coded: Coded) -> Totals:
    """Add up rows whose songs are numbers already."""
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
    """Dense (song, day) pairs: Vaex adds into a grid with a cell for each pair."""
    # Here and not above: it takes most of a second to load and many files never need it. The worker loads it early.
    import vaex

    shape = [len(coded.names), coded.days]
    with _VAEX:
        frame = vaex.from_arrays(song=coded.song, day=coded.day, plays=coded.plays)
        place = {"binby": ["song", "day"], "limits": [[-0.5, n - 0.5] for n in shape], "shape": shape, "delay": True}
        sums, counts = frame.sum("plays", **place), frame.count(**place)
        frame.execute()
    song, day = np.nonzero(np.asarray(counts.get()))  # a pair whose plays add up to 0 counts, too
    plays = np.asarray(sums.get())[song, day].astype(np.int64, copy=False)
    del frame, sums, counts
    gc.collect(1)  # Vaex's frames hold themselves, and with them the rows
    return song.astype(np.int32), day.astype(np.int32), to_arrow(plays)


def _cell_totals(coded: Coded) -> _Columns:
    """Pairs neither dense nor sparse: a cell for each of them."""
    cell = coded.song.astype(np.int64) * coded.days + coded.day
    sums = np.zeros(len(coded.names) * coded.days, np.int64)
    np.add.at(sums, cell, coded.plays)
    seen = np.zeros(len(sums), bool)
    seen[cell] = True
    found = np.flatnonzero(seen)
    song = found // coded.days
    return song.astype(np.int32), (found - song * coded.days).astype(np.int32), to_arrow(sums[found])


def _run_totals(coded: Coded, *, exact: bool) -> _Columns:
    """Sparse pairs: put the rows in order, then add up the runs of equal pairs."""
    order = _order(coded)
    song, day, plays = coded.song[order], coded.day[order], coded.plays[order]
    starts = np.flatnonzero(np.concatenate([[True], (song[1:] != song[:-1]) | (day[1:] != day[:-1])]))
    if not exact:
        return song[starts], day[starts], to_arrow(np.add.reduceat(plays, starts))
    high, low = np.add.reduceat(plays >> 32, starts), np.add.reduceat(plays & 0xFFFFFFFF, starts)
    texts = [str((int(above) << 32) + int(below)) for above, below in zip(high, low, strict=True)]
    return song[starts], day[starts], pa.array(texts, pa.string())


def _order(coded: Coded) -> npt.NDArray[np.intp]:
    """The order by song and day: sorted by day, then stably by song, which numpy does by radix on 16 bits."""
    if coded.days > _RADIX or len(coded.names) > _RADIX:
        return np.argsort(coded.song.astype(np.int64) * coded.days + coded.day)
    by_day = np.argsort(coded.day.astype(np.uint16), kind="stable")
    by_song = np.argsort(coded.song.astype(np.uint16)[by_day], kind="stable")
    return by_day[by_song]
