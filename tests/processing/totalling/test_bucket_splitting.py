"""Fitting: a bucket too big for the memory is cut, with the same totals in the same order."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from processing.reading.arrow_reader import ROWS
from processing.totalling.aggregate import total
from processing.totalling.arrow_buckets import Bucket, Buckets
from processing.totalling.bucket_splitting import split_to_fit
from processing.totalling.range_partitioning import Splitters


def bucket_of(table: list[tuple[str, int, int]], folder: Path, batch_rows: int = 500) -> Bucket:
    buckets = Buckets(folder, Splitters(b"", ()))
    for start in range(0, len(table), batch_rows):
        columns = zip(*table[start : start + batch_rows], strict=True)
        buckets.append(pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, ROWS, strict=True)], schema=ROWS))
    buckets.close()
    return buckets.bucket(0)


def totals_of(buckets: list[Bucket]) -> list[tuple[str, int, int]]:
    found = []
    for bucket in buckets:
        totals = total(pa.Table.from_batches(bucket.batches()))
        songs = totals.names.take(pa.array(totals.song)).to_pylist()
        found += list(zip(songs, totals.day.tolist(), totals.plays.to_pylist(), strict=True))
    return found


@pytest.mark.parametrize(
    ("songs", "days"),
    [(5000, 400), (40, 20), (1, 10_000), (2, 3000)],
    ids=["different", "few", "one song", "two songs"],
)
def test_a_bucket_too_big_is_cut_without_a_change_to_its_totals(tmp_path: Path, songs: int, days: int) -> None:
    draw = random.Random(7)
    table = [(f"Song {draw.randrange(songs):05d}", draw.randrange(days), draw.randrange(9)) for _ in range(6000)]
    expected: dict[tuple[str, int], int] = {}
    for song, day, plays in table:
        expected[song, day] = expected.get((song, day), 0) + plays
    bucket = bucket_of(table, tmp_path)
    limit = bucket.memory_bytes // 5
    fitted = list(split_to_fit(bucket, limit))
    assert totals_of(fitted) == sorted((song, day, plays) for (song, day), plays in expected.items())
    assert all(piece.memory_bytes <= limit for piece in fitted)
    assert set(tmp_path.rglob("*.arrow")) == {path for piece in fitted for path in piece.paths}


def test_songs_that_differ_in_nuls_at_their_ends_alone_are_cut_like_others(tmp_path: Path) -> None:
    table = [("ab", day, 1) for day in range(300)] + [("ab\0", day, 1) for day in range(900)]
    table += [("zz", day, 1) for day in range(100)]
    bucket = bucket_of(table, tmp_path)
    assert totals_of(list(split_to_fit(bucket, bucket.memory_bytes * 2 // 3))) == table


def test_a_bucket_that_fits_is_given_as_it_is(tmp_path: Path) -> None:
    bucket = bucket_of([("a", 1, 1)], tmp_path)
    assert list(split_to_fit(bucket, 1 << 20)) == [bucket]


@pytest.mark.parametrize("large", [2**55, 2**62, 2**63 - 1, -(2**62), 1 - 2**63])
def test_sums_of_any_size_are_exact_in_a_bucket_that_is_cut(tmp_path: Path, large: int) -> None:
    draw = random.Random(large)
    table = [(f"Song {draw.randrange(90):05d}", draw.randrange(20), draw.choice((3, large))) for _ in range(6000)]
    table += [("Hit", 1, large)] * 1500
    expected: dict[tuple[str, int], int] = {}
    for song, day, plays in table:
        expected[song, day] = expected.get((song, day), 0) + plays
    bucket = bucket_of(table, tmp_path)
    found = totals_of(list(split_to_fit(bucket, bucket.memory_bytes // 5)))
    assert [(song, day, int(plays)) for song, day, plays in found] == sorted(
        (song, day, plays) for (song, day), plays in expected.items()
    )
