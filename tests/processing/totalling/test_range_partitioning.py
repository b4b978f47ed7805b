"""Splitters: buckets follow the order of songs, whatever the sample said."""

from __future__ import annotations

from bisect import bisect_right

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from processing.reading.arrow_reader import ROWS
from processing.totalling.range_partitioning import DaySplitters, choose_splitters

SONGS = st.lists(
    st.one_of(st.text(max_size=20), st.text("ab\x00", max_size=12).map("prefix longer than a word ".__add__)),
    min_size=1,
)
LETTERS = st.sampled_from("ab\0\x01Ä\uffff🎵\U0010ffff")
# Begin alike, so that the prefix, the first eight bytes after it, the second eight or those behind tell them apart.
ALIKE = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "Pre", "A Prefix Longer Than Eight Bytes ", "A Prefix"]),
        st.sampled_from(["", "12345678", "1234567", "12345678abcdefg"]),
        st.sampled_from(["", "more than sixteen bytes more"]),
        st.text(LETTERS, max_size=12),
    ),
).filter(bool)


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


@given(
    sample=st.lists(ALIKE, min_size=1, max_size=60),
    songs=st.lists(st.one_of(ALIKE, st.text(LETTERS, min_size=1, max_size=30)), min_size=1, max_size=40),
    buckets=st.integers(1, 20),
)
def test_the_borders_as_songs_tell_the_buckets_that_the_keys_tell(
    sample: list[str], songs: list[str], buckets: int
) -> None:
    splitters = choose_splitters([song.encode() for song in sample], buckets)
    borders = splitters.borders()
    assert borders == sorted(set(borders))
    assert len(borders) == splitters.buckets - 1
    found = splitters.bucket_of(rows(songs + sample)).tolist()
    assert found == [bisect_right(borders, song.encode()) for song in songs + sample]


@given(
    sample=st.lists(st.one_of(ALIKE, st.text("a\0", min_size=1, max_size=3)), min_size=1, max_size=60),
    buckets=st.integers(1, 20),
)
@example(sample=["ab", "ab\0", "ab\0", "zz"], buckets=2)
def test_no_border_leaves_all_songs_of_the_sample_on_one_side(sample: list[str], buckets: int) -> None:
    # Else a bucket that is too big would be cut into itself, without end.
    splitters = choose_splitters([song.encode() for song in sample], buckets)
    found = splitters.bucket_of(rows(sample))
    assert found.min() == 0
    assert splitters.buckets == 1 or found.max() > 0


def test_borders_that_only_bytes_far_behind_tell_apart_are_songs_of_their_own() -> None:
    songs = [f"Shared {group} and many, many more words {n:02d}" for group in "AB" for n in range(50)]
    splitters = choose_splitters([song.encode() for song in songs], 10)
    found = splitters.bucket_of(rows(songs)).tolist()
    assert [found.count(bucket) for bucket in range(splitters.buckets)] == [10] * 10
    assert found == [bisect_right(splitters.borders(), song.encode()) for song in songs]


def test_borders_that_only_the_second_eight_bytes_tell_apart_are_songs_of_their_own() -> None:
    songs = [f"Shared {group} same words {n:02d}" for group in "AB" for n in range(50)]
    splitters = choose_splitters([song.encode() for song in songs], 10)
    assert splitters.buckets == 10
    assert any(len(suffix) > 8 for suffix in splitters.suffixes)
    assert len({border[: len(splitters.prefix) + 8] for border in splitters.borders()}) == 2
    others = [
        "",
        "Shared",
        "Shared ",
        "Shared A",
        "Shared A same words",
        "Shared B same words 2",
        "T",
        "Shared C",
        "\U0010ffff",
    ]
    found = splitters.bucket_of(rows(songs + others)).tolist()
    assert found == [bisect_right(splitters.borders(), song.encode()) for song in songs + others]
    assert set(found) == set(range(10))


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
