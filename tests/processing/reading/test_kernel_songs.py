"""The kernel's table of songs: a number for each name, the same in all threads, until the table is full."""

from __future__ import annotations

import random
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.reading import kernel
from processing.reading.kernel import Columns, SongTable
from tests.examples import examples
from tests.processing.referee import ENOUGH, LEAST_TABLE, PLAIN, assert_agrees, kernel_read

# The first 24 bytes of a name are compared as words, those behind them one by one.
LENGTHS = [*range(1, 34), 63, 64, 65, 1000, 4094, 4095, 4096, 4097, 8192, 70_000]


def rows(names: list[str]) -> bytes:
    return b"".join(b'"%b",2020-01-01,1\n' % name.replace('"', '""').encode() for name in names)


def test_names_that_differ_in_one_byte_or_begin_alike_have_numbers_of_their_own() -> None:
    names = []
    for length in LENGTHS:
        name = "x" * length
        changed = {place for place in (0, 7, 8, 15, 16, 23, 24, 31, 32, length - 1) if place < length}
        names += [name, *(name[:place] + "y" + name[place + 1 :] for place in sorted(changed)), name[:-1] + "\1"]
    names = list(dict.fromkeys(names))
    read = kernel_read(rows(names) * 2)
    assert [song for song, _day, _plays in read.rows] == names * 2
    assert read.odd == []


@pytest.mark.parametrize("length", LENGTHS)
def test_a_name_with_doubled_quotes_is_one_song_with_the_same_name_from_python(length: int) -> None:
    names = ['"' + "x" * (length - 1), "x" * (length - 1) + '"', '"' * length]
    data = rows(names)
    read = kernel_read(data)
    assert_agrees(data, read)
    # What is too long to be written down without its doubles is handed back, and nothing else is.
    assert len(read.odd) == sum(length + name.count('"') > 4096 for name in names)
    songs = SongTable((), ENOUGH)
    numbers = [songs.add(name.encode()) for name in names]
    columns = Columns(10)
    columns.read(songs, PLAIN, memoryview(data))
    kept = [number[0] for number, name in zip(numbers, names, strict=True) if length + name.count('"') <= 4096]
    assert columns.song.tolist() == kept
    assert len(songs) == len(set(names))


@settings(max_examples=examples(200), deadline=None)
@given(
    names=st.lists(st.text(st.sampled_from('ab\1Ä"\n🎵'), min_size=1, max_size=40), min_size=1, max_size=60),
    borders=st.sets(st.text(st.sampled_from("ab\0Ä🎵"), max_size=40), max_size=20),
)
def test_songs_are_numbered_as_they_come_up_and_lie_between_the_borders(names: list[str], borders: set[str]) -> None:
    edges = sorted(border.encode() for border in borders)
    songs = SongTable(edges, ENOUGH)
    different = list(dict.fromkeys(names))
    number = {name: (place, bisect_right(edges, name.encode())) for place, name in enumerate(different)}
    assert [songs.add(name.encode()) for name in names] == [number[name] for name in names]
    known = songs.export()
    assert (known.names.to_pylist(), len(songs)) == (different, len(different))
    assert known.bucket.tolist() == [bucket for _number, bucket in number.values()]
    known.names.validate(full=True)


def test_a_hundred_thousand_songs_keep_their_numbers_and_names_as_the_table_grows() -> None:
    names = [f"{'The Same Beginning ' * (n % 3)}{n}" for n in range(100_000)]
    songs, columns = SongTable((), 1 << 25), Columns(len(names))
    for _ in range(2):
        columns.read(songs, PLAIN, memoryview(rows(names)))
        assert (columns.song == np.arange(len(names))).all()
        columns.clear()
    assert songs.export().names.to_pylist() == names
    assert songs.add(names[77_777].encode()) == (77_777, 0)


def test_threads_that_meet_the_same_new_songs_give_them_the_same_numbers() -> None:
    threads, draw = 4, random.Random(5)
    names = [f"{'Song ' * (n % 7)}{n}" for n in range(30_000)]  # so many that the table grows several times
    songs, together = SongTable((b"Song Song",), ENOUGH), Barrier(threads)
    orders = [draw.sample(names, len(names)) for _ in range(threads)]

    def read(order: list[str]) -> list[int]:
        columns, data, numbers = Columns(1000), memoryview(rows(order)), []
        together.wait()
        while data:
            data = data[columns.read(songs, PLAIN, data).consumed :]
            numbers += columns.song.tolist()
            columns.clear()
        return numbers

    with ThreadPoolExecutor(threads) as executor:
        found = list(executor.map(read, orders))
    known = songs.export()
    listed = known.names.to_pylist()
    assert sorted(listed) == sorted(names)
    assert [[listed[number] for number in numbers] for numbers in found] == orders
    assert known.bucket.tolist() == [name.encode() >= b"Song Song" for name in listed]


MASK = (1 << 64) - 1
FIRST, SECOND, THIRD = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F  # of kernel/src/names.h


def folded(one: int, other: int) -> int:
    return (one * other & MASK) ^ (one * other >> 64)


def word(text: bytes, place: int) -> int:
    return int.from_bytes(text[8 * place : 8 * place + 8], "little")


def hash_before(name: bytes, seed: int, words: int) -> int:
    """The kernel's hash of a name but for the words from ``words`` (3 or more) on and the last step."""
    found = folded(word(name, 0) ^ seed, word(name, 1) ^ FIRST) ^ folded(word(name, 2) ^ SECOND, len(name) ^ seed)
    for place in range(3, words):
        found = folded(found ^ word(name, place) ^ seed, THIRD)
    return found


def long_names_with_one_hash(seed: int) -> list[bytes]:
    """Names of five words: the fourth one as it comes, the last one such that it makes up for that."""
    begin, names = b"The same first three 24.", [b"The same first three 24." + b"00000000" + b"and more"]
    end = hash_before(names[0], seed, 4) ^ word(names[0], 4)
    number = 0
    while len(names) < 5:
        number += 1
        name = begin + b"%08d" % number + bytes(8)
        last = (hash_before(name, seed, 4) ^ end).to_bytes(8, "little")
        if last.isascii():
            names.append(name[:32] + last)
    return names


@pytest.mark.parametrize(
    ("seed", "names"),
    [
        (word(b"AAAAAAAA", 0), [b"AAAAAAAA%08d" % n for n in range(50)]),
        (20, [b"Sixteen letters.%04d" % n for n in range(50)]),
        (12345, long_names_with_one_hash(12345)),
    ],
    ids=["second word", "third word", "behind the words"],
)
def test_names_that_differ_are_different_songs_even_where_their_hashes_are_the_same(
    monkeypatch: pytest.MonkeyPatch, seed: int, names: list[bytes]
) -> None:
    # A run's own seed is drawn, so that such names come up by chance alone.
    monkeypatch.setattr(kernel.secrets, "randbits", lambda bits: seed)
    assert len({hash_before(name, seed, (len(name) + 7) // 8) for name in names}) == 1
    songs = SongTable((), ENOUGH)
    for _ in range(2):
        assert [songs.add(name) for name in names] == [(number, 0) for number in range(len(names))]


def entry_bytes(name: bytes) -> int:
    return (10 + len(name) + 7) // 8 * 8


@pytest.mark.parametrize("short", [0, 1])
def test_the_table_takes_as_many_songs_as_fit_and_then_no_new_one(short: int) -> None:
    names = [b"%d" % n * (n % 9 + 1) for n in range(100)]
    room = sum(map(entry_bytes, names)) - short
    songs = SongTable((), LEAST_TABLE + room)
    assert [songs.add(name) is not None for name in names] == [True] * (100 - short) + [False] * short
    assert [songs.add(name) for name in names[: 100 - short]] == [(n, 0) for n in range(100 - short)]
    assert songs.add(b"another") is None
    assert songs.export().names.to_pylist() == [name.decode() for name in names[: 100 - short]]


def test_a_table_that_has_no_room_to_grow_is_full_when_half_its_slots_are_taken() -> None:
    songs = SongTable((), 2 * LEAST_TABLE + 10_000)
    numbers = [songs.add(b"%d" % n) for n in range(9000)]
    assert numbers == [(n, 0) if n < 8192 else None for n in range(9000)]


@pytest.mark.parametrize("room", [0, 16, 24, 500, 1500])
def test_reading_stops_before_the_first_song_that_finds_no_room_and_loses_nothing(room: int) -> None:
    data = b"".join(b'\n"%d",2020-01-01,%d\nodd %d,x,1\n' % (n, n, n) for n in range(100))
    read = kernel_read(data, max_bytes=LEAST_TABLE + room)
    assert read.table_full
    assert len(read.rows) == room // 16
    assert_agrees(data, read)


def test_songs_that_are_known_are_read_on_after_the_table_is_full() -> None:
    songs, columns = SongTable((), LEAST_TABLE + 16), Columns(10)
    assert columns.read(songs, PLAIN, memoryview(b"a,2020-01-01,1\nb,2020-01-01,2\n")).table_full
    found = columns.read(songs, PLAIN, memoryview(b"a,2020-01-02,4\n"))
    assert (found.table_full, found.rows, columns.plays.tolist()) == (False, 1, [1, 4])
    unknown = columns.read(songs, PLAIN, memoryview(b"b,2020-01-01,2\na,2020-01-02,4\n"))
    assert (unknown.table_full, unknown.consumed, unknown.rows) == (True, 0, 0)


def test_a_name_that_is_no_text_finds_no_place_even_from_python() -> None:
    songs = SongTable((), ENOUGH)
    assert songs.add(b"\xff") is None
    assert len(songs) == 0


def test_a_table_without_songs_gives_no_names_and_may_be_closed_twice() -> None:
    songs = SongTable((), ENOUGH)
    assert (songs.export().names.to_pylist(), songs.export().bucket.tolist()) == ([], [])
    songs.close()
    songs.close()
