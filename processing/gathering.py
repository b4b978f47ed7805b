"""Where the rows of all blocks go: into a grid of running totals while songs are few, else into buckets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from processing.buckets import Bucket, Buckets
from processing.fitting import fitting
from processing.grid import Grid
from processing.plan import Plan
from processing.reading import ROWS
from processing.totals import Totals


class Gathering:
    """The rows of one run; adding is safe from several threads."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan = plan
        self._grid = Grid(plan.grid_bytes)
        self._buckets = Buckets(folder, plan.splitters)
        self.weight = 0  # of all that sources() will give, known after finish()

    @property
    def wants_codes(self) -> bool:
        """Whether songs should come as a dictionary; once not, never again."""
        return self._grid.is_open

    def add(self, rows: pa.RecordBatch, plays: int) -> None:
        """Add rows, schema ROWS or CODED_ROWS, whose plays have this sum."""
        if not len(rows):
            return
        if pa.types.is_dictionary(rows.column(0).type):
            if self._grid.add(rows, plays):
                return
            rows = rows.set_column(0, ROWS.field(0), rows.column(0).dictionary_decode())
        self._buckets.append(rows)

    def finish(self) -> None:
        """All rows are there: where some went into buckets, the totals so far follow them."""
        if self._buckets.has_rows:
            for totals in self._grid.totals():
                self._buckets.append(totals.to_rows())
            self._grid.clear()
        self.close()
        self.weight = self._buckets.row_count or self._grid.totals_count

    def close(self) -> None:
        """Finish the bucket files; to be called on success and failure alike."""
        self._buckets.close()

    def sources(self) -> Iterator[Bucket | Totals]:
        """What the totals come from, in the order of songs."""
        if not self._buckets.has_rows:
            yield from self._grid.totals()
        for bucket in self._buckets.filled():
            yield from fitting(bucket, self._plan.bucket_memory)
