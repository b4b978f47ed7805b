"""Splitters: buckets follow the order of songs, whatever the sample said."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from processing.reading import ROWS
from processing.splitters import DaySplitters, choose_splitters

SONGS = st.lists(
    st.one_of(st.text(max_size=20), st.text("ab\x00", max_size=12).map("prefix longer than a word ".__add__)),
    min_size=1,
)


def rows(songs: list[str], days: list[int] | None = None) -> pa.RecordBatch:
    columns = [songs, days or [0] * len(songs), [1] * len(songs)]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, ROWS, strict=True)], schema=ROWS)


@given(SONGS, SONGS, st.integers(1, 12))
def test_buckets_never_fall_along_sorted_songs(sample: list[str], songs: list[str], buckets: int) -> None:
    songs = [song for song in songs + sample if song.isprintable() or "\x00" in song]
    songs = sorted((song.encode("utf-8", "ignore").decode() for song in songs), key=str.encode)
    splitters = choose_splitters([song.encode("utf-8", "ignore") for song in sample], buckets)
    found = splitters.bucket_of(rows(songs)).tolist()
    assert splitters.buckets <= buckets
    assert found == sorted(found)
    assert all(a == b for a, b, one, other in zip(found, found[1:], songs, songs[1:], strict=False) if one == other)


def test_songs_that_share_a_long_prefix_are_still_shared_out_evenly() -> None:
    songs = [f"The Complete Recordings, Volume {n:06d}" for n in range(10_000)]
    splitters = choose_splitters([song.encode() for song in songs[::7]], 16)
    found = splitters.bucket_of(rows(songs)).tolist()
    assert max(found.count(bucket) for bucket in range(16)) < 1.5 * len(songs) / 16


def test_one_odd_song_does_not_hide_the_prefix_of_the_others() -> None:
    songs = [f"Recording {n:06d}" for n in range(1000)]
    splitters = choose_splitters([song.encode() for song in [*songs, "AAA"]], 8)
    assert splitters.buckets == 8
    assert splitters.bucket_of(rows(["AAA", "Recording 000000", "zzz"])).tolist() == [0, 0, 7]


def test_one_great_song_is_cut_by_days_with_the_songs_around_it_apart() -> None:
    table = rows(["a", "b", "b", "b", "b", "c"], [5, -9, 1, 2, 7, 0])
    assert DaySplitters("b", (2, 7)).bucket_of(table).tolist() == [0, 1, 1, 2, 3, 4]
