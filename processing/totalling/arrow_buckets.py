"""Buckets of rows as text: each holds one range of songs, in Arrow files in scratch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from processing.arrays import to_arrow
from processing.checkpoints.checkpoint import Snapshot, State, fresh_path
from processing.reading.arrow_reader import ROWS
from processing.totalling.aggregate import Totals, total
from processing.totalling.range_partitioning import Divider


@dataclass(frozen=True, slots=True)
class Bucket:
    """The files of a bucket and what they hold."""

    paths: tuple[Path, ...]
    rows: int
    lasts: bool = False  # a checkpoint may depend on the files, so they stay

    @property
    def memory_bytes(self) -> int:
        """The approximate memory that it takes to total and write the bucket."""
        return memory_bytes(self.rows, sum(path.stat().st_size for path in self.paths))

    def totals(self) -> Totals:
        """Return the totals of all rows and remove the files, unless they last."""
        with ExitStack() as stack:
            files = [stack.enter_context(pa.memory_map(str(path))) for path in self.paths]
            totals = total(pa.concat_tables(pa.ipc.open_file(file).read_all() for file in files))
        self.remove()
        return totals

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as they were written, one batch in memory at a time."""
        for path in self.paths:
            with pa.OSFile(str(path)) as file:
                reader = pa.ipc.open_file(file)
                for number in range(reader.num_record_batches):
                    yield reader.get_batch(number)

    def remove(self) -> None:
        """Remove the files, unless they last."""
        if not self.lasts:
            for path in self.paths:
                path.unlink()

    def derived(self, suffix: str) -> Path:
        """Return the path for a file derived from the bucket."""
        return self.paths[0].with_suffix(suffix)


def memory_bytes(rows: int, data_bytes: int) -> int:
    """Return the approximate memory that it takes to total and write rows in ``data_bytes`` of Arrow data."""
    return 80 * rows + 4 * data_bytes


class Buckets:
    """The open bucket files of one run; appending is thread-safe.

    For checkpoints they last: snapshot() finishes them, and later rows go into a folder of new ones.
    """

    def __init__(self, folder: Path, splitters: Divider, *, lasts: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.splitters = splitters
        self.rows = [0] * splitters.buckets
        self._lasts = lasts
        self._top = folder
        self._begin_folder()
        self._written: list[list[Path]] = [[] for _ in range(splitters.buckets)]
        self._writers: list[pa.RecordBatchFileWriter | None] = [None] * splitters.buckets
        self._files: list[pa.OSFile | None] = [None] * splitters.buckets
        self._locks = [threading.Lock() for _ in self.paths]

    def append(self, rows: pa.RecordBatch) -> None:
        """Distribute rows over the buckets."""
        if not len(rows):
            return
        if self.splitters.buckets == 1:
            self._write(0, rows)
            return
        bucket = self.splitters.bucket_of(rows)
        order = to_arrow(np.argsort(bucket, kind="stable"))
        ends = np.cumsum(np.bincount(bucket, minlength=self.splitters.buckets)).tolist()
        ordered = rows.take(order)
        start = 0
        for number, end in enumerate(ends):
            if end > start:
                self._write(number, ordered.slice(start, end - start))
            start = end

    def close(self) -> None:
        """Finish all files and raise the first failure; call it on success and failure alike.

        All are closed even if one fails, as on a full disk: a file left open would keep its bytes after its removal.
        """
        failures = []
        for bucket, writer in enumerate(self._writers):
            self._writers[bucket] = None
            if writer is not None:
                failures += _closed(writer, self._files[bucket])
        if failures:
            raise failures[0]

    @property
    def row_count(self) -> int:
        """The number of rows in all buckets."""
        return sum(self.rows)

    @property
    def has_rows(self) -> bool:
        """Whether any bucket holds rows."""
        return self.row_count > 0

    def filled(self, first: int = 0) -> list[tuple[int, Bucket]]:
        """Return the finished buckets that hold rows, with their numbers, in order from ``first`` on."""
        return [(number, self.bucket(number)) for number in range(first, len(self.rows)) if self.rows[number]]

    def bucket(self, number: int) -> Bucket:
        """Return a finished bucket that holds rows."""
        return Bucket(tuple(self._written[number]), self.rows[number], self._lasts)

    def snapshot(self, first: int) -> Snapshot:
        """Return all rows so far, for resume(); of the buckets before ``first`` only the number of rows."""
        self.close()
        if any(path.parent == self._folder for files in self._written for path in files):
            self._begin_folder()
        files = [[] if number < first else paths for number, paths in enumerate(self._written)]
        names = [[str(path.relative_to(self._top)) for path in paths] for paths in files]
        return Snapshot({"rows": list(self.rows), "files": names}, tuple(path for paths in files for path in paths))

    def resume(self, state: State) -> None:
        """Restore a snapshot."""
        self.rows = list(state["rows"])
        self._written = [[self._top / name for name in names] for names in state["files"]]
        if not len(self.rows) == len(self._written) == self.splitters.buckets:
            raise ValueError("other buckets were kept")

    def _begin_folder(self) -> None:
        self._folder = fresh_path(self._top, "rows") if self._lasts else self._top
        self._folder.mkdir(exist_ok=True)
        self.paths = [self._folder / f"{bucket:05d}.arrow" for bucket in range(self.splitters.buckets)]

    def _write(self, bucket: int, rows: pa.RecordBatch) -> None:
        with self._locks[bucket]:
            writer = self._writers[bucket]
            if writer is None:
                self._files[bucket] = pa.OSFile(str(self.paths[bucket]), "wb")
                self._written[bucket].append(self.paths[bucket])
                writer = self._writers[bucket] = pa.ipc.new_file(self._files[bucket], ROWS)
            writer.write_batch(rows)
            self.rows[bucket] += len(rows)


def _closed(writer: pa.RecordBatchFileWriter, file: pa.OSFile) -> list[OSError]:
    """Close a writer and, even if that fails, its file; return the failures."""
    failures = []
    for one in (writer, file):
        try:
            one.close()
        except OSError as error:
            failures.append(error)
    return failures
