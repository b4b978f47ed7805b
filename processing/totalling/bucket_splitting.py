"""Bucket splitting: buckets too big for the memory limit are split until they fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.reading.arrow_reader import ROWS
from processing.totalling.aggregate import total
from processing.totalling.arrow_buckets import Bucket, Buckets, memory_bytes
from processing.totalling.range_partitioning import DaySplitters, Divider, choose_splitters

_SAMPLE_ROWS = 20_000


def split_to_fit(bucket: Bucket, max_memory: int) -> Iterator[Bucket]:
    """Yield buckets that take at most ``max_memory`` bytes, with the same totals, in the order of song and day.

    A bucket that was split is removed. One that cannot be split (one song on one day) is yielded as it is.
    """
    if bucket.memory_bytes <= max_memory:
        yield bucket
        return
    smaller = _compacted(bucket, max_memory)
    divider = _divider(smaller, max_memory)
    if smaller.memory_bytes <= max_memory or divider is None:
        yield smaller
        return
    for piece in _split(smaller, divider):
        yield from split_to_fit(piece, max_memory)


def _divider(bucket: Bucket, max_memory: int) -> Divider | None:
    """Return borders by song, by day if nearly all rows are of one song, or None if these are of one day too."""
    sample = _sample(bucket, max_memory)
    wanted = 2 * bucket.memory_bytes // max_memory + 1
    splitters = choose_splitters([song.encode() for song in sample.column(0).to_pylist()], wanted)
    if splitters.buckets > 1:
        return splitters
    # There is no border between the sampled songs, so except for a few all are the same.
    coded = sample.column(0).dictionary_encode().combine_chunks()
    name = coded.dictionary[int(np.bincount(coded.indices.to_numpy()).argmax())].as_py()
    days = np.sort(sample.filter(pc.equal(sample.column(0), name)).column(1).to_numpy())
    borders = np.unique(days[np.arange(1, wanted) * len(days) // wanted])
    divider = DaySplitters(name, tuple(int(day) for day in borders if day > days[0]))
    return divider if divider.days or pc.any(pc.not_equal(sample.column(0), name)).as_py() else None


def _compacted(bucket: Bucket, max_memory: int) -> Bucket:
    """Return the bucket with the plays of equal (song, day) pairs added up where they are near each other."""
    path = bucket.derived(".compact.arrow")
    rows = 0
    with pa.ipc.new_file(path, ROWS) as writer:
        for piece in _pieces(bucket, max_memory):
            compact = total(piece).to_rows()
            writer.write_batch(compact)
            rows += len(compact)
    bucket.remove()
    return Bucket((path,), rows)


def _split(bucket: Bucket, divider: Divider) -> Iterator[Bucket]:
    pieces = Buckets(bucket.derived(".split"), divider)
    try:
        for batch in bucket.batches():
            pieces.append(batch)
    finally:
        pieces.close()
    bucket.remove()
    for _number, piece in pieces.filled():
        yield piece


def _pieces(bucket: Bucket, max_memory: int) -> Iterator[pa.Table]:
    """Yield the rows of a bucket in tables that take about ``max_memory`` bytes to total."""
    batches: list[pa.RecordBatch] = []
    memory = 0
    for batch in bucket.batches():
        batches.append(batch)
        memory += memory_bytes(len(batch), batch.nbytes)
        if memory >= max_memory:
            yield pa.Table.from_batches(batches)
            batches, memory = [], 0
    if batches:
        yield pa.Table.from_batches(batches)


def _sample(bucket: Bucket, max_memory: int) -> pa.Table:
    """Return rows from all over the bucket."""
    step = max(bucket.rows // _SAMPLE_ROWS, 1)
    pieces = _pieces(bucket, max_memory)
    return pa.concat_tables(piece.take(pa.array(range(0, len(piece), step))) for piece in pieces).combine_chunks()
