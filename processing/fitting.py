"""Buckets that turned out too big for the memory limit, cut down until they fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from processing.buckets import Bucket, Buckets, memory_bytes
from processing.errors import RefusedError
from processing.reading import ROWS
from processing.splitters import Splitters, choose_splitters
from processing.totals import total

_SAMPLE_ROWS = 20_000


def fitting(bucket: Bucket, max_memory: int) -> Iterator[Bucket]:
    """Buckets that take at most ``max_memory`` bytes, with the same totals, in the order of their songs.

    A single song with more different days than that is given as it is. A bucket that was cut is removed.
    """
    if bucket.memory_bytes <= max_memory:
        yield bucket
        return
    smaller = _compacted(bucket, max_memory)
    if smaller.memory_bytes <= max_memory:
        yield smaller
        return
    splitters = choose_splitters(_sample(smaller, max_memory), 2 * smaller.memory_bytes // max_memory + 1)
    if splitters.buckets == 1:
        yield smaller
        return
    for piece in _split(smaller, splitters):
        yield from fitting(piece, max_memory)


def _compacted(bucket: Bucket, max_memory: int) -> Bucket:
    """The bucket with plays of equal (song, day) pairs added up as far as they lie near each other."""
    path = bucket.path.with_suffix(".compact.arrow")
    rows = 0
    with pa.ipc.new_file(path, ROWS) as writer:
        for piece in _pieces(bucket.path, max_memory):
            totals = total(piece)
            if totals.plays.type != pa.int64():
                raise RefusedError(
                    "total_too_large",
                    f"Some song has more than {(1 << 63) - 1:,} plays on a day. Split the file and send its halves.",
                )
            writer.write_batch(totals.to_rows())
            rows += len(totals.song)
    bucket.path.unlink()
    return Bucket(path, rows)


def _split(bucket: Bucket, splitters: Splitters) -> Iterator[Bucket]:
    pieces = Buckets(bucket.path.with_suffix(".split"), splitters)
    try:
        for batch in _batches(bucket.path):
            pieces.append(batch)
    finally:
        pieces.close()
    bucket.path.unlink()
    yield from pieces.filled()


def _pieces(path: Path, max_memory: int) -> Iterator[pa.Table]:
    """The rows of a bucket file in tables that take about ``max_memory`` to total."""
    batches: list[pa.RecordBatch] = []
    memory = 0
    for batch in _batches(path):
        batches.append(batch)
        memory += memory_bytes(len(batch), batch.nbytes)
        if memory >= max_memory:
            yield pa.Table.from_batches(batches)
            batches, memory = [], 0
    if batches:
        yield pa.Table.from_batches(batches)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def _sample(bucket: Bucket, max_memory: int) -> list[bytes]:
    """Songs from all over the bucket."""
    songs: list[bytes] = []
    step = max(bucket.rows // _SAMPLE_ROWS, 1)
    for piece in _pieces(bucket.path, max_memory):
        places = pa.array(range(0, len(piece), step))
        songs += piece.column(0).take(places).cast(pa.binary()).to_pylist()
    return songs
