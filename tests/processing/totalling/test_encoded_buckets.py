"""Encoded buckets: rows as numbers go to scratch in pieces, and each bucket comes back whole."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.reading.kernel import Columns
from processing.totalling import encoded_buckets
from processing.totalling.encoded_buckets import EncodedBuckets, EncodedRows
from tests.examples import examples

BUCKETS = 4
Rows = list[tuple[int, int, int]]  # song, day, plays; a song's bucket is its number modulo BUCKETS

SMALL_ROWS = st.tuples(st.integers(0, 9), st.integers(-20, 20), st.integers(0, 99))
MIDDLE_ROWS = st.tuples(st.integers(0, 2**32 - 1), st.integers(-719_162, 2_932_896), st.integers(0, 2**32 - 1))
LARGE_ROWS = st.tuples(st.integers(0, 9), st.integers(-20, 20), st.integers(2**32, 2**63 - 1))
PIECES = st.lists(
    st.one_of(*(st.lists(rows, min_size=1, max_size=30) for rows in (SMALL_ROWS, MIDDLE_ROWS, LARGE_ROWS))), max_size=6
)


def filled(rows: Rows) -> Columns:
    columns = Columns(max(len(rows), 1))
    if rows:
        song, day, plays = (np.array(column) for column in zip(*rows, strict=True))
        columns.append(song, song % BUCKETS, day, plays)
    return columns


def listed(rows: EncodedRows) -> Rows:
    assert (rows.song.dtype, rows.day.dtype, rows.plays.dtype) == (np.uint32, np.int32, np.int64)
    return list(zip(rows.song.tolist(), rows.day.tolist(), rows.plays.tolist(), strict=True))


@settings(max_examples=examples(200), deadline=None)
@given(pieces=PIECES, at_once=st.integers(1, 12))
def test_each_bucket_comes_back_as_it_went_in_whatever_the_forms_of_its_pieces(
    pieces: list[Rows], at_once: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_buckets, "_ROWS_AT_ONCE", at_once)
        buckets = EncodedBuckets(Path(folder), BUCKETS)
        for rows in pieces:
            columns = filled(rows)
            buckets.append(columns)
            assert columns.rows == 0
        for bucket in range(BUCKETS):
            expected = [row for rows in pieces for row in rows if row[0] % BUCKETS == bucket]
            assert listed(buckets.read(bucket)) == expected
            some = [listed(rows) for rows in buckets.read_in_pieces(bucket)]
            assert [row for rows in some for row in rows] == expected
            assert all(0 < len(rows) <= at_once for rows in some)
            assert buckets.rows[bucket] == len(expected)
        assert buckets.has_rows == bool(pieces)
        buckets.close()


def test_columns_without_rows_add_nothing(tmp_path: Path) -> None:
    buckets = EncodedBuckets(tmp_path, BUCKETS)
    buckets.append(filled([]))
    assert not buckets.has_rows
    assert [listed(buckets.read(bucket)) for bucket in range(BUCKETS)] == [[]] * BUCKETS
    assert list(buckets.read_in_pieces(0)) == []
    assert list(tmp_path.iterdir()) == []
    buckets.close()


def test_rows_that_several_threads_add_at_once_are_all_there(tmp_path: Path) -> None:
    buckets = EncodedBuckets(tmp_path, BUCKETS)

    def add(thread: int) -> None:
        columns = Columns(50)
        for piece in range(40):
            days = np.arange(50, dtype=np.int32)
            columns.append(np.full(50, thread), np.full(50, thread % BUCKETS), days, np.full(50, piece + (piece << 40)))
            buckets.append(columns)

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(add, range(8)))
    for bucket in range(BUCKETS):
        threads = (bucket, bucket + BUCKETS)
        expected = [
            (thread, day, piece + (piece << 40)) for thread in threads for piece in range(40) for day in range(50)
        ]
        assert sorted(listed(buckets.read(bucket))) == sorted(expected)
    buckets.close()


def test_the_file_is_gone_once_the_buckets_are_closed_however_often(tmp_path: Path) -> None:
    buckets = EncodedBuckets(tmp_path, BUCKETS)
    buckets.append(filled([(1, 2, 3)]))
    assert len(list(tmp_path.iterdir())) == 1
    for _ in range(2):
        buckets.close()
        assert list(tmp_path.iterdir()) == []
    held = {str(one.resolve()) for one in Path("/proc/self/fd").iterdir()}
    assert not [path for path in held if path.startswith(str(tmp_path))]


def test_rows_that_were_kept_come_back_in_other_buckets_with_what_is_added_behind_them(tmp_path: Path) -> None:
    first = EncodedBuckets(tmp_path, BUCKETS, keeps_files=True)
    for rows in ([(1, 2, 3), (2, -5, 7)], [(5, 9, 2**40)]):
        first.append(filled(rows))
        kept = first.snapshot()
    first.append(filled([(9, 9, 9)]))  # after the last checkpoint
    first.close()
    second = EncodedBuckets(tmp_path, BUCKETS, keeps_files=True)
    second.resume(json.loads(json.dumps(kept.state)))
    second.append(filled([(3, 4, 5)]))
    assert [listed(second.read(bucket)) for bucket in range(BUCKETS)] == [
        [],
        [(1, 2, 3), (5, 9, 2**40)],
        [(2, -5, 7)],
        [(3, 4, 5)],
    ]
    assert second.rows.tolist() == [0, 2, 1, 1]
    second.close()
    assert all(path.exists() for path in kept.files)


def test_what_was_kept_is_not_written_again(tmp_path: Path) -> None:
    buckets = EncodedBuckets(tmp_path, BUCKETS, keeps_files=True)
    buckets.append(filled([(1, 2, 3)]))
    before = {path: path.read_bytes() for path in buckets.snapshot().files}
    buckets.append(filled([(2, 2, 2)]))
    assert {path: path.read_bytes() for path in buckets.snapshot().files[:2]} == before
    buckets.close()
    assert {path: path.read_bytes() for path in before} == before
