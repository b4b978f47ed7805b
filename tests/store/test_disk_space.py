"""Space taken ahead belongs to one file, the reserve is nobody's, and what was not written is given back."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator

import pytest

from store import disk_space
from store.disk_space import Space
from store.files import Files

MEBIBYTE = 1 << 20


@pytest.fixture
def file(files: Files) -> Iterator[int]:
    """An open file among those that arrive, with nothing in it."""
    opened = os.open(files.paths.new_incoming(), os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def on_disk(file: int) -> int:
    return os.fstat(file).st_blocks * 512


def test_what_was_taken_does_not_make_the_file_longer_and_is_given_back(files: Files, file: int) -> None:
    with Space(files, file) as taken:
        taken.cover(10, expected=3 * MEBIBYTE)
        os.write(file, b"ten bytes!")
        assert (os.fstat(file).st_size, on_disk(file)) == (10, 3 * MEBIBYTE)
    assert os.fstat(file).st_size == 10
    assert on_disk(file) < MEBIBYTE
    assert os.pread(file, 99, 0) == b"ten bytes!"


def test_where_nobody_knows_the_length_space_is_taken_in_steps(files: Files, file: int) -> None:
    with Space(files, file) as taken:
        taken.cover(1)
        assert on_disk(file) == disk_space.AHEAD
        taken.cover(disk_space.AHEAD)
        assert on_disk(file) == disk_space.AHEAD
        taken.cover(disk_space.AHEAD + 1)
        assert on_disk(file) == 2 * disk_space.AHEAD


def test_a_file_goes_on_from_what_it_has(files: Files, file: int) -> None:
    os.write(file, bytes(MEBIBYTE))
    with Space(files, file, MEBIBYTE) as taken:
        taken.cover(MEBIBYTE + 1, expected=3 * MEBIBYTE)
        assert on_disk(file) == 3 * MEBIBYTE


def test_where_the_length_is_known_no_more_than_half_of_the_room_is_taken_ahead(
    files: Files, file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: 4 * MEBIBYTE)
    with Space(files, file) as taken:
        taken.cover(1, expected=4 * MEBIBYTE)
        assert on_disk(file) == 2 * MEBIBYTE
        taken.cover(2 * MEBIBYTE + 1, expected=4 * MEBIBYTE)
        assert on_disk(file) == 4 * MEBIBYTE


def test_what_a_process_took_that_is_no_more_is_given_back_and_the_times_of_the_file_stay(
    files: Files, file: int
) -> None:
    path = next(iter(files.incoming_files()))
    Space(files, file).cover(1, expected=3 * MEBIBYTE)
    os.utime(file, ns=(1, 2))
    assert disk_space.holds_more_than_it_has(path)
    disk_space.give_back(file)
    assert not disk_space.holds_more_than_it_has(path)
    assert os.fstat(file).st_mtime_ns == 2


@pytest.mark.parametrize(("room", "expected"), [(99, 100), (99, None), (-1, 1), (0, None)])
def test_a_disk_without_room_refuses_before_anything_is_taken(
    files: Files, file: int, monkeypatch: pytest.MonkeyPatch, room: int, expected: int | None
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: room)
    with Space(files, file) as taken, pytest.raises(OSError, match="No space") as raised:
        taken.cover(100 if expected is None else 1, expected)
    assert raised.value.errno == errno.ENOSPC
    assert on_disk(file) == 0


def test_near_the_reserve_only_a_share_of_the_room_is_taken(
    files: Files, file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: 4 * MEBIBYTE)
    with Space(files, file) as taken:
        taken.cover(1)
        assert on_disk(file) == MEBIBYTE


def test_where_the_disk_takes_nothing_ahead_it_is_looked_at_meanwhile(
    files: Files, file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = iter([100, 0, -1])
    monkeypatch.setattr(disk_space, "room", lambda _files: next(room))
    monkeypatch.setattr(disk_space, "_allocate", lambda *_of: False)
    with Space(files, file) as taken:
        taken.cover(100)
        taken.cover(disk_space.LOOK_EVERY - 1)
        taken.cover(disk_space.LOOK_EVERY)
        with pytest.raises(OSError, match="No space"):
            taken.cover(2 * disk_space.LOOK_EVERY)
    assert next(room, None) is None


def test_whoever_looks_is_alone_until_it_has_taken(files: Files, file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.open(files.paths.folder_of("incoming"), os.O_RDONLY)

    def is_alone() -> bool:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(folder, fcntl.LOCK_UN)
        return False

    seen = []
    allocate = disk_space._allocate
    monkeypatch.setattr(disk_space, "room", lambda _files: seen.append(is_alone()) or MEBIBYTE)
    monkeypatch.setattr(disk_space, "_allocate", lambda *of: seen.append(is_alone()) or allocate(*of))
    with Space(files, file) as taken:
        taken.cover(1)
    assert (seen, is_alone()) == ([True, True], False)
    os.close(folder)


def test_the_reserve_of_a_small_disk_is_a_share_of_it(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([(100 << 30, 0, 1 << 30), (1000, 900, 100), (1000, 980, 20)])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(*next(sizes)))
    assert [disk_space.room(files) for _ in range(3)] == [(1 << 30) - (256 << 20), 50, -30]
