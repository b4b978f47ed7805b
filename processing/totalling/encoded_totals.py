"""The sources of the totals of dictionary-encoded rows: each bucket, with its songs sorted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.arrays import to_arrow, to_numpy
from processing.reading.arrow_reader import ROWS
from processing.reading.kernel import SongNames
from processing.totalling.accumulator import RunInput, Source
from processing.totalling.aggregate import Coded, Totals, total_coded
from processing.totalling.arrow_buckets import Bucket, Buckets, memory_bytes
from processing.totalling.bucket_splitting import split_to_fit
from processing.totalling.encoded_buckets import EncodedBuckets, EncodedRows

_NUMBER_BYTES = 12  # of a row's day and plays in an Arrow bucket


class EncodedSources:
    """The buckets in the order of their songs, together with the rows whose songs stayed text."""

    def __init__(self, run_input: RunInput, names: SongNames, encoded: EncodedBuckets, texts: Buckets) -> None:
        self.names = names
        self.weight = int(encoded.rows.sum()) + texts.row_count
        self._input = run_input
        self._encoded = encoded
        self._texts = texts
        self._length = np.diff(np.frombuffer(names.names.buffers()[1], np.int32, len(names.names) + 1))
        # Songs sorted by bucket, and each song's rank among those of its bucket.
        self._by_bucket = np.argsort(names.bucket, kind="stable").astype(np.uint32)
        self._ends = np.cumsum(np.bincount(names.bucket, minlength=len(encoded.rows)))
        self._rank = np.empty(len(names.names), np.int32)

    def from_bucket(self, first: int) -> Iterator[tuple[int, Source]]:
        """Yield the sources from a bucket on, each with the number of its bucket."""
        most = self._input.plan.bucket_memory
        for number, rows in enumerate(self._encoded.rows[first:].tolist(), first):
            if not rows and not self._texts.rows[number]:
                continue
            if not self._texts.rows[number] and self._memory_bytes(number, rows) <= most:
                yield number, _EncodedBucket(self, number, rows)
            else:
                for bucket in split_to_fit(self._as_text(number), most):
                    yield number, bucket

    def total(self, number: int) -> Totals:
        """Return the totals of a bucket without text."""
        rows = self._encoded.read(number)
        songs = self._songs_of(number)
        names = self.names.names.take(to_arrow(songs))
        order = pc.array_sort_indices(names)
        # Buckets share no songs, so several threads may write here.
        self._rank[songs[to_numpy(order)]] = np.arange(len(songs), dtype=np.int32)
        return total_coded(Coded.of(names.take(order), self._rank[rows.song], rows.day, rows.plays))

    def _songs_of(self, number: int) -> npt.NDArray[np.uint32]:
        start = int(self._ends[number - 1]) if number else 0
        return self._by_bucket[start : int(self._ends[number])]

    def _memory_bytes(self, number: int, rows: int) -> int:
        """Return about how much memory the totals take; 0 if they fit even with all songs as long as the longest."""
        longest = int(self._length[self._songs_of(number)].max(initial=0))
        if memory_bytes(rows, rows * (longest + _NUMBER_BYTES)) <= self._input.plan.bucket_memory:
            return 0
        text = sum(int(self._length[piece.song].sum()) for piece in self._encoded.read_in_pieces(number))
        return memory_bytes(rows, text + rows * _NUMBER_BYTES)

    def _as_text(self, number: int) -> Bucket:
        """Return the bucket with its songs as text, which can be split."""
        path = self._input.folder / f"{number:05d}.arrow"
        rows = 0
        with pa.ipc.new_file(path, ROWS) as writer:
            for piece in self._encoded.read_in_pieces(number):
                for batch in self._text_batches(piece):
                    writer.write_batch(batch)
                    rows += len(batch)
            if self._texts.rows[number]:
                texts = self._texts.bucket(number)
                for batch in texts.batches():
                    writer.write_batch(batch)
                    rows += len(batch)
                texts.remove()
        return Bucket((path,), rows)

    def _text_batches(self, rows: EncodedRows) -> Iterator[pa.RecordBatch]:
        """Yield rows with songs as text, a bounded number of bytes at a time."""
        total = np.cumsum(self._length[rows.song], dtype=np.int64)
        start = 0
        while start < len(total):
            before = int(total[start - 1]) if start else 0
            fitting_rows = int(np.searchsorted(total, before + self._input.plan.block_bytes, side="right"))
            end = max(fitting_rows, start + 1)
            songs = self.names.names.take(to_arrow(rows.song[start:end]))
            yield pa.record_batch([songs, to_arrow(rows.day[start:end]), to_arrow(rows.plays[start:end])], schema=ROWS)
            start = end


@dataclass(frozen=True, slots=True)
class _EncodedBucket:
    """One bucket of encoded rows."""

    sources: EncodedSources
    number: int
    rows: int

    def totals(self) -> Totals:
        """Return the totals of all its rows."""
        return self.sources.total(self.number)
