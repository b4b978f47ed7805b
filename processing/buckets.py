"""Rows into buckets: each bucket an Arrow file in scratch that holds one range of songs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from processing.arrays import to_arrow
from processing.reading import ROWS
from processing.splitters import Divider
from processing.totals import Totals, total


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket file and what it holds."""

    path: Path
    rows: int

    @property
    def memory_bytes(self) -> int:
        """About how much memory it takes to total and write it, measured with songs of all lengths."""
        return memory_bytes(self.rows, self.path.stat().st_size)

    def totals(self) -> Totals:
        """The totals of all its rows; the file is gone then."""
        with pa.memory_map(str(self.path)) as file:
            totals = total(pa.ipc.open_file(file).read_all())
        self.path.unlink()
        return totals


def memory_bytes(rows: int, data_bytes: int) -> int:
    """About how much memory it takes to total and write rows that lie in so many bytes of Arrow data."""
    return 80 * rows + 4 * data_bytes


class Buckets:
    """The open bucket files of one run; appending is safe from several threads."""

    def __init__(self, folder: Path, splitters: Divider) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.splitters = splitters
        self.rows = [0] * splitters.buckets
        self.paths = [folder / f"{bucket:05d}.arrow" for bucket in range(splitters.buckets)]
        self._writers: list[pa.RecordBatchFileWriter | None] = [None] * splitters.buckets
        self._files: list[pa.OSFile | None] = [None] * splitters.buckets
        self._locks = [threading.Lock() for _ in self.paths]

    def append(self, rows: pa.RecordBatch) -> None:
        """Share the rows out over the buckets."""
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
        """Finish all files; to be called on success and failure alike.

        All are closed even if one fails, as on a full disk: a file left open would keep its bytes after its removal.
        Raises the first failure.
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
        """The rows of all buckets."""
        return sum(self.rows)

    @property
    def has_rows(self) -> bool:
        """Whether any bucket holds rows."""
        return self.row_count > 0

    def filled(self) -> list[Bucket]:
        """The finished buckets that hold rows, in the order of their songs."""
        return [Bucket(path, rows) for path, rows in zip(self.paths, self.rows, strict=True) if rows]

    def _write(self, bucket: int, rows: pa.RecordBatch) -> None:
        with self._locks[bucket]:
            writer = self._writers[bucket]
            if writer is None:
                self._files[bucket] = pa.OSFile(str(self.paths[bucket]), "wb")
                writer = self._writers[bucket] = pa.ipc.new_file(self._files[bucket], ROWS)
            writer.write_batch(rows)
            self.rows[bucket] += len(rows)


def _closed(writer: pa.RecordBatchFileWriter, file: pa.OSFile) -> list[OSError]:
    """Close a writer and, whatever happens to its last bytes, its file; gives what failed."""
    failures = []
    for one in (writer, file):
        try:
            one.close()
        except OSError as error:
            failures.append(error)
    return failures
