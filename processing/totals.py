"""The totals of one bucket: plays added up for each (song, day), sorted by song and day."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import vaex

logging.getLogger("vaex").setLevel(logging.CRITICAL)  # it prints tracebacks of errors that we report ourselves

# Up to here Vaex's grid beats sorting; measured in docs/decisions/0002-grid-or-runs.md.
GRID_CELLS_PER_ROW = 2
_VAEX = threading.Lock()  # its executor serves one caller at a time, with threads of its own

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a range of songs, in the order of song (code points) and day."""

    names: pa.Array  # the different songs, sorted
    song: npt.NDArray[np.int32]  # for each total the index in names
    day: npt.NDArray[np.int32]  # for each total the days since 1970-01-01
    plays: pa.Array  # int64, or decimal text where one is past 2^63


@dataclass(frozen=True, slots=True)
class _Coded:
    """Rows of a bucket as numbers."""

    names: pa.Array  # the different songs, sorted
    song: npt.NDArray[np.int32]  # for each row the index in names
    day: Ints  # for each row the days since first_day
    first_day: int  # days since 1970-01-01
    days: int  # how many days from the first to the last
    plays: Ints


def total(rows: pa.Table) -> Totals:
    """Add up a table of at least one (song, day, plays) row, schema reading.ROWS."""
    coded = _code(rows)
    fits = int(coded.plays.max()) * len(coded.plays) < 1 << 63
    cells = len(coded.names) * coded.days
    if fits and cells <= GRID_CELLS_PER_ROW * len(coded.plays):
        keys, plays = _grid_totals(coded)
    else:
        keys, plays = _run_totals(coded, exact=not fits)
    song, day = np.divmod(keys, coded.days)
    return Totals(coded.names, song.astype(np.int32), (day + coded.first_day).astype(np.int32), plays)


def _code(rows: pa.Table) -> _Coded:
    encoded = rows.column("song").dictionary_encode().combine_chunks()
    order = pc.array_sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    day = rows.column("day").to_numpy().astype(np.int64)
    first = int(day.min())
    day -= first
    return _Coded(
        names=encoded.dictionary.take(order),
        song=rank[encoded.indices.to_numpy()],
        day=day,
        first_day=first,
        days=int(day.max()) + 1,
        plays=rows.column("plays").to_numpy(),
    )


def _grid_totals(coded: _Coded) -> tuple[Ints, pa.Array]:
    """Dense (song, day) pairs: Vaex adds into a grid with a cell for each pair."""
    shape = [len(coded.names), coded.days]
    with _VAEX:
        frame = vaex.from_arrays(song=coded.song, day=coded.day, plays=coded.plays)
        place = {"binby": ["song", "day"], "limits": [[-0.5, n - 0.5] for n in shape], "shape": shape, "delay": True}
        sums, counts = frame.sum("plays", **place), frame.count(**place)
        frame.execute()
    filled = np.flatnonzero(np.asarray(counts.get()).ravel())  # a pair whose plays add up to 0 counts, too
    return filled, pa.array(np.asarray(sums.get()).ravel()[filled].astype(np.int64, copy=False))


def _run_totals(coded: _Coded, *, exact: bool) -> tuple[Ints, pa.Array]:
    """Sparse pairs: sort one number for each row, then add up the runs of equal ones."""
    key = coded.song.astype(np.int64) * coded.days + coded.day
    order = np.argsort(key)
    key = key[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    plays = coded.plays[order]
    if not exact:
        return key[starts], pa.array(np.add.reduceat(plays, starts))
    high, low = np.add.reduceat(plays >> 32, starts), np.add.reduceat(plays & 0xFFFFFFFF, starts)
    texts = [str((int(above) << 32) + int(below)) for above, below in zip(high, low, strict=True)]
    return key[starts], pa.array(texts, pa.string())
