"""Bodies for which the site, its disk or the account has no room."""

from __future__ import annotations

import errno
import io
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from store import disk_space
from store.files import Files
from tests.faults.disks import may_mount
from tests.webapp.uploads.bodies_of_forms import (
    CONTENT,
    END,
    NO_LIMITS,
    file,
    incoming,
    request_with,
    taken,
)
from webapp.errors.handlers import InsufficientStorage, OverQuota
from webapp.uploads import multipart
from webapp.uploads.multipart import Limits

UPLOADS = 12


def test_a_body_that_says_it_is_too_large_is_not_read(files: Files) -> None:
    unread = io.BytesIO(CONTENT)
    with pytest.raises(RequestEntityTooLarge):
        taken(request_with(unread, length=10**9), files, Limits(file=10**6))
    assert unread.tell() == 0


def test_a_file_that_turns_out_too_large_is_removed(files: Files) -> None:
    with pytest.raises(RequestEntityTooLarge):
        taken(request_with(file(CONTENT) + END), files, Limits(file=len(CONTENT) - 1))
    assert incoming(files) == []
    taken(request_with(file(CONTENT) + END), files, Limits(file=len(CONTENT)))


def test_a_disk_without_room_refuses_before_the_body_is_read(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: 999)
    unread = io.BytesIO(CONTENT)
    with pytest.raises(InsufficientStorage):
        taken(request_with(unread, length=1000), files)
    assert unread.tell() == 0


def test_a_body_of_unknown_length_ends_where_the_reserve_begins(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    room = iter([0, 100_000, 20_000, 0])  # the first look is at the beginning of the body
    monkeypatch.setattr("store.disk_space.AHEAD", 0)
    monkeypatch.setattr(multipart, "PIECE", 20_000)
    monkeypatch.setattr(disk_space, "room", lambda _files: next(room))
    request = request_with(file(CONTENT * 10) + END, **{"wsgi.input_terminated": True})
    del request.environ["CONTENT_LENGTH"]
    with pytest.raises(InsufficientStorage):
        taken(request, files)
    assert next(room, None) is None
    assert incoming(files) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Files]:
    """The files of a site whose disk has one GiB."""
    if not may_mount():
        pytest.skip("only root may mount a small disk")
    (tmp_path / "disk").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", tmp_path / "disk"], check=True)
    yield Files(tmp_path / "disk")
    subprocess.run(["umount", "--lazy", tmp_path / "disk"], check=True)


def at_once(files: Files, pieces: Callable[[], Iterable[bytes]], limits: Limits) -> list[int]:
    """How many bytes were received of each of so many uploads; 0 where the disk had no room."""

    def send(_number: int) -> int:
        try:
            with multipart.plain_refusals():
                received = multipart.write_down(files, "a.csv", iter(pieces()), limits)
        except InsufficientStorage:
            return 0
        received.let_go()
        return received.bytes

    with ThreadPoolExecutor(UPLOADS) as threads:
        return list(threads.map(send, range(UPLOADS)))


def test_of_uploads_of_unknown_length_at_once_none_takes_the_reserve(small_disk: Files) -> None:
    reserve = disk_space.free_bytes(small_disk) - disk_space.room(small_disk)
    free = []

    def endless() -> Iterator[bytes]:
        while True:
            free.append(disk_space.free_bytes(small_disk))
            yield bytes(multipart.PIECE)

    assert at_once(small_disk, endless, NO_LIMITS) == [0] * UPLOADS
    assert reserve <= min(free) < reserve + 2 * UPLOADS * multipart.PIECE
    assert incoming(small_disk) == []


def test_of_uploads_of_known_length_at_once_those_that_do_not_fit_end_before_the_reserve(small_disk: Files) -> None:
    reserve, length = disk_space.free_bytes(small_disk) - disk_space.room(small_disk), 200 << 20
    free = []

    def known() -> Iterator[bytes]:
        for _ in range(0, length, multipart.PIECE):
            free.append(disk_space.free_bytes(small_disk))
            yield bytes(multipart.PIECE)

    received = at_once(small_disk, known, Limits(announced=length))
    whole = received.count(length)
    assert whole >= 3
    assert sorted(received) == [0] * (UPLOADS - whole) + [length] * whole
    assert min(free) >= reserve
    assert disk_space.room(small_disk) == pytest.approx(
        disk_space.size_of_disk(small_disk) * 0.95 - whole * length, abs=1 << 20
    )


def test_a_body_that_says_it_is_larger_than_the_room_ends_with_its_first_piece(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: 3 * len(CONTENT))
    with pytest.raises(OSError, match="No space"):
        multipart.write_down(files, "a.csv", iter([CONTENT] * 4), Limits(announced=4 * len(CONTENT)))
    assert incoming(files) == []


@dataclass
class FullDisk:
    """Stands where os.write or os.fsync is: the disk turns out to be full."""

    def __call__(self, descriptor: int, data: object = None) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_fills_up_meanwhile_leaves_no_half_file(
    files: Files, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(f"common.direct_io.os.{call}", FullDisk())
    with pytest.raises(InsufficientStorage):
        taken(request_with(file(CONTENT) + END), files)
    assert incoming(files) == []


def test_what_the_account_may_not_keep_is_refused_before_the_body_is_read(files: Files) -> None:
    unread = io.BytesIO(file(CONTENT) + END)
    with pytest.raises(OverQuota):
        taken(request_with(unread, length=10**6), files, Limits(account=10**5))
    assert unread.tell() == 0


def test_all_files_of_a_form_together_count_for_what_the_account_may_keep(files: Files) -> None:
    body = file(CONTENT) + file(CONTENT) + END
    with pytest.raises(OverQuota):
        taken(request_with(body), files, Limits(account=2 * len(CONTENT) - 1))
    assert incoming(files) == []
    assert len(taken(request_with(body), files, Limits(account=2 * len(CONTENT)))[1]) == 2
