"""Running totals: while songs are few, plays go straight from the blocks into a grid of songs and days.

No bucket is written then and nothing is sorted. Whether songs are few shows only as the file is read, so the grid may
close at any block: what it holds then goes into the buckets like rows, since totals can be added up like plays.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.arrays import to_arrow, to_numpy
from processing.checkpoints.checkpoint import Snapshot, State, fresh_path
from processing.totalling.aggregate import Totals

Ints = npt.NDArray[np.int64]

# Where songs appear less often than this on average, buckets are faster.
ROWS_PER_SONG = 8
CELL_BYTES = 9  # the sum and the mark that the pair was seen
CELLS_AT_ONCE = 1 << 18  # of the finished grid


class Grid:
    """Plays added up for each (song, day) of all blocks so far, songs by number; thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self.is_open = max_bytes > 0
        self._max_cells = max_bytes // CELL_BYTES
        self._lock = threading.Lock()
        self._first_day = 0
        self._rows = 0
        self._plays = 0  # all of them, so no cell can pass 2^63 before this does
        self._sums = np.zeros((0, 0), np.int64)
        self._seen = np.zeros((0, 0), bool)
        self._kept: Snapshot | None = None  # the last one, as long as nothing was added

    def add(
        self, song: npt.NDArray[np.integer], day: npt.NDArray[np.int32], plays: Ints, *, songs: int, plays_sum: int
    ) -> bool:
        """Add rows; ``songs`` is the number of songs in all blocks so far, ``plays_sum`` the sum of these plays.

        Return False, with nothing added and the grid closed, if they do not fit or are better off in buckets.
        """
        first, last = int(day.min()), int(day.max())
        with self._lock:
            few = songs * ROWS_PER_SONG <= self._rows + len(day)
            fits = self.is_open and few and self._plays + plays_sum < 1 << 63 and self._make_room(songs, first, last)
            if not fits:
                self.is_open = False
                return False
            self._kept = None
            cell = song.astype(np.int64)
            cell *= self._sums.shape[1]
            cell += day
            cell -= self._first_day
            np.add.at(self._sums.ravel(), cell, plays)
            self._seen.ravel()[cell] = True
            self._plays += plays_sum
            self._rows += len(day)
        return True

    @property
    def totals_count(self) -> int:
        """The number of distinct (song, day) pairs."""
        return int(np.count_nonzero(self._seen))

    def clear(self) -> None:
        """Drop everything and close the grid."""
        self.is_open, self._kept = False, None
        self._sums, self._seen = np.zeros((0, 0), np.int64), np.zeros((0, 0), bool)

    def snapshot(self, folder: Path) -> Snapshot:
        """Return all totals so far, for resume()."""
        if self._kept is None:
            files: tuple[Path, ...] = ()
            if self._sums.size:
                files = (fresh_path(folder, "grid", ".npy"),)
                with files[0].open("xb") as file:
                    np.save(file, self._sums)
                    np.save(file, self._seen)
            counts = {"first_day": self._first_day, "rows": self._rows, "plays": self._plays}
            self._kept = Snapshot(counts | {"files": [path.name for path in files]}, files)
        return Snapshot(self._kept.state | {"is_open": self.is_open}, self._kept.files)

    def resume(self, state: State, folder: Path) -> None:
        """Restore a snapshot from the folder."""
        files = tuple(folder / name for name in state["files"])
        for path in files:
            with path.open("rb") as file:
                self._sums, self._seen = (np.load(file, allow_pickle=False) for _ in range(2))
        self.is_open = state["is_open"]
        self._first_day, self._rows, self._plays = state["first_day"], state["rows"], state["plays"]
        self._kept = Snapshot({name: value for name, value in state.items() if name != "is_open"}, files)

    def sources(self, names: pa.Array, first: int) -> Iterator[tuple[int, Totals]]:
        """Yield the totals in pieces, numbered from 0, from the piece ``first`` on."""
        yield from islice(enumerate(self.totals(names)), first, None)

    def totals(self, names: pa.Array) -> Iterator[Totals]:
        """Yield all totals in the order of song and day, a range of songs at a time; ``names`` by number."""
        # Where the grid refused a block, that block's songs have names but no rows here.
        names = names.slice(0, len(self._sums))
        order = to_numpy(pc.array_sort_indices(names))
        names = names.take(to_arrow(order))
        songs = max(CELLS_AT_ONCE // max(self._sums.shape[1], 1), 1)
        for start in range(0, len(order), songs):
            rows = order[start : start + songs]
            song, day = np.nonzero(self._seen[rows])
            plays = self._sums[rows[song], day]
            days = (day + self._first_day).astype(np.int32)
            yield Totals(names.slice(start, songs), song.astype(np.int32), days, to_arrow(plays))

    def cells(self) -> Iterator[tuple[Ints, npt.NDArray[np.int32], Ints]]:
        """Yield all totals as rows (song, day, plays), a range of songs at a time."""
        songs = max(CELLS_AT_ONCE // max(self._sums.shape[1], 1), 1)
        for start in range(0, len(self._sums), songs):
            song, day = np.nonzero(self._seen[start : start + songs])
            if len(song):
                yield song + start, (day + self._first_day).astype(np.int32), self._sums[song + start, day]

    def _make_room(self, songs: int, first_day: int, last_day: int) -> bool:
        """Grow the grid to hold ``songs`` songs and these days; return False if it would grow too large."""
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
