"""Totals on the way in: where songs are few, plays go straight from the blocks into a grid of songs and days.

No bucket is written then and nothing is sorted. Whether songs are few shows only as the file is read, so the grid may
give up at any block: what it holds then goes into the buckets like rows, since totals can be added up like plays.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.totals import Totals

Ints = npt.NDArray[np.int64]

# Where songs come up less often than this on average, buckets are faster.
ROWS_PER_SONG = 8
CELL_BYTES = 9  # the sum and the mark that the pair was seen
CELLS_AT_ONCE = 1 << 18  # of the finished grid


class Grid:
    """Plays added up for each (song, day) of all blocks so far; adding is safe from several threads."""

    def __init__(self, max_bytes: int) -> None:
        self.is_open = max_bytes > 0
        self._max_cells = max_bytes // CELL_BYTES
        self._lock = threading.Lock()
        self._names = pa.array([], pa.string())  # in the order in which they came up
        self._first_day = 0
        self._rows = 0
        self._plays = 0  # all of them, so no cell can pass 2^63 before this does
        self._sums = np.zeros((0, 0), np.int64)
        self._seen = np.zeros((0, 0), bool)

    def add(self, rows: pa.RecordBatch, plays: int) -> bool:
        """Add rows (schema reading.ROWS, songs as a dictionary); ``plays`` is their sum.

        False, with nothing added and the grid closed, when they do not fit or are better off in buckets.
        """
        song, day = rows.column(0), rows.column(1).to_numpy()
        with self._lock:
            numbers = None
            if self.is_open and self._plays + plays < 1 << 63:
                numbers = self._number(song.dictionary, len(rows), int(day.min()), int(day.max()))
            if numbers is None:
                self.is_open = False
                return False
            cell = numbers[song.indices.to_numpy()]
            cell *= self._sums.shape[1]
            cell += day
            cell -= self._first_day
            np.add.at(self._sums.ravel(), cell, rows.column(2).to_numpy())
            self._seen.ravel()[cell] = True
            self._plays += plays
            self._rows += len(rows)
        return True

    @property
    def totals_count(self) -> int:
        """How many different (song, day) pairs there are."""
        return int(np.count_nonzero(self._seen))

    def clear(self) -> None:
        """Forget everything, and take nothing more."""
        self.is_open = False
        self._names = self._names.slice(0, 0)
        self._sums, self._seen = np.zeros((0, 0), np.int64), np.zeros((0, 0), bool)

    def totals(self) -> Iterator[Totals]:
        """All totals in the order of song and day, a range of songs at a time."""
        order = pc.array_sort_indices(self._names).to_numpy()
        names = self._names.take(pa.array(order))
        songs = max(CELLS_AT_ONCE // max(self._sums.shape[1], 1), 1)
        for start in range(0, len(order), songs):
            rows = order[start : start + songs]
            song, day = np.nonzero(self._seen[rows])
            plays = self._sums[rows[song], day]
            days = (day + self._first_day).astype(np.int32)
            yield Totals(names.slice(start, songs), song.astype(np.int32), days, pa.array(plays))

    def _number(self, names: pa.Array, rows: int, first_day: int, last_day: int) -> Ints | None:
        """The grid's row for each of a block's songs, after making room; None where songs are too many."""
        unknown = names.filter(pc.is_null(pc.index_in(names, value_set=self._names)))
        songs = len(self._names) + len(unknown)
        if songs * ROWS_PER_SONG > self._rows + rows or not self._make_room(songs, first_day, last_day):
            return None
        self._names = pa.concat_arrays([self._names, unknown])
        numbers: Ints = pc.index_in(names, value_set=self._names).to_numpy().astype(np.int64)
        return numbers

    def _make_room(self, songs: int, first_day: int, last_day: int) -> bool:
        """Grow the grid to hold so many songs and these days; False where it would grow too large."""
        old_songs, old_days = self._sums.shape
        first = min(first_day, self._first_day) if old_days else first_day
        last = max(last_day, self._first_day + old_days - 1) if old_days else last_day
        if songs <= old_songs and last - first + 1 == old_days:
            return True
        # Grown by half again, so that new songs in each block do not copy the grid each time.
        rows = songs if songs <= old_songs else songs + songs // 2
        shape = (max(rows, old_songs), last - first + 1)
        if shape[0] * shape[1] > self._max_cells:
            return False
        shift = self._first_day - first if old_days else 0
        for name in ("_sums", "_seen"):
            old = getattr(self, name)
            new = np.zeros(shape, old.dtype)
            new[:old_songs, shift : shift + old_days] = old
            setattr(self, name, new)
        self._first_day = first
        return True
