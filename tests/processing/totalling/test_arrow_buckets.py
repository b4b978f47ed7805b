"""Buckets: rows shared out over files, and no file left open on a full disk."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from processing.reading.arrow_reader import ROWS
from processing.totalling.arrow_buckets import Buckets
from processing.totalling.range_partitioning import choose_splitters


def rows(songs: list[str]) -> pa.RecordBatch:
    columns = [songs, [0] * len(songs), [1] * len(songs)]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, ROWS, strict=True)], schema=ROWS)


def test_each_bucket_holds_its_range_of_songs_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    songs = [f"{n:04d}" for n in range(100)]
    buckets = Buckets(tmp_path, choose_splitters([song.encode() for song in songs], 4))
    buckets.append(rows(songs[::-1]))
    buckets.append(rows(["0000"]))
    buckets.close()
    held = []
    for _number, bucket in buckets.filled():
        held.append(pa.Table.from_batches(bucket.batches()).column(0).to_pylist())
    assert [len(some) for some in held] == [26, 25, 25, 25]
    assert held[0] == [*songs[24::-1], "0000"]


def test_a_full_disk_leaves_no_bucket_file_open(tmp_path: Path) -> None:
    songs = [f"{n:04d}" for n in range(100)]
    buckets = Buckets(tmp_path, choose_splitters([song.encode() for song in songs], 4))
    buckets.paths[1].symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        buckets.append(rows(songs))
    with pytest.raises(OSError, match="No space left"):
        buckets.close()
    held = {str(one.resolve()) for one in Path("/proc/self/fd").iterdir()}
    assert not [path for path in held if path.startswith(str(tmp_path)) or path == "/dev/full"]
