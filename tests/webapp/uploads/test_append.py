"""Pieces that are added to a file, and what happens beside that."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.exceptions import BadRequest

from store import disk_space
from store.files import Files
from tests.processes import eventually
from webapp.uploads import append as append_module
from webapp.uploads.append import Digests, Follower, RunningDigest, append
from webapp.uploads.multipart import Limits


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """An open file with nothing in it."""
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def add(file: int, offset: int, content: bytes, files: Files, announced: int | None = None) -> list[int]:
    """Gives where each piece ended."""
    ends: list[int] = []
    append(
        file,
        offset,
        io.BytesIO(content),
        announced,
        files=files,
        limits=Limits(),
        wrote=lambda _piece, end: ends.append(end),
    )
    return ends


def follower(file: int, size: int, digest: RunningDigest, said: list[str], *, asked: bool = False) -> Follower:
    return Follower(file, size, digest, hang_up=lambda: said.append("hung up"), is_asked_for=lambda: asked)


def test_a_body_is_written_in_small_pieces_behind_what_was_there(file: int, files: Files) -> None:
    os.write(file, b"before")
    content = os.urandom(append_module.PIECE + 5)
    assert add(file, 6, content, files) == [6 + append_module.PIECE, 6 + len(content)]
    assert os.pread(file, len(content) + 10, 0) == b"before" + content


def test_a_body_that_is_shorter_than_it_said_broke_off_and_stays(file: int, files: Files) -> None:
    with pytest.raises(BadRequest):
        add(file, 0, b"half", files, announced=8)
    assert os.pread(file, 9, 0) == b"half"


def test_a_disk_that_fills_up_meanwhile_ends_it(file: int, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    room = iter([append_module.PIECE, append_module.PIECE - 1])
    monkeypatch.setattr("store.disk_space.AHEAD", 0)
    monkeypatch.setattr(disk_space, "room", lambda _files: next(room))
    with pytest.raises(OSError, match="No space"):
        add(file, 0, bytes(3 * append_module.PIECE), files)
    assert os.fstat(file).st_size == append_module.PIECE


def test_a_body_that_the_disk_has_no_room_for_is_refused_before_it_is_written(
    file: int, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: 2 * append_module.PIECE)
    with pytest.raises(OSError, match="No space"):
        add(file, 0, bytes(append_module.PIECE), files, announced=3 * append_module.PIECE)
    assert os.fstat(file).st_size == 0


def test_a_digest_goes_on_where_it_was(file: int) -> None:
    content = os.urandom(3 * append_module.HASHED_AT_ONCE)
    os.write(file, content)
    digest = RunningDigest()
    for end in (5, append_module.HASHED_AT_ONCE + 7, len(content)):
        digest.advance(file, end)
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()
    with pytest.raises(OSError, match="shorter"):
        digest.advance(file, len(content) + 1)


def test_with_each_piece_more_is_hashed_than_was_added(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_module, "HASHED_WITH_A_PIECE", 10)
    os.write(file, bytes(1000))
    digest = RunningDigest()
    digest.catch_up(file, 1000, 100)
    assert digest.offset == 410
    digest.catch_up(file, 450, 100)
    assert digest.offset == 450


def test_digests_are_kept_as_long_as_they_fit_their_file(file: int) -> None:
    os.write(file, bytes(10))
    digests = Digests(most=2)
    first = digests.of("a", 10)
    first.advance(file, 6)
    assert digests.of("a", 6) is first
    assert digests.of("a", 5) is not first
    digests.of("b", 0)
    kept = digests.of("a", 0)
    digests.of("c", 0)
    assert digests.of("a", 0) is kept
    digests.forget("a")
    assert digests.of("a", 0) is not kept


def test_what_was_written_is_hashed_beside_it_and_nothing_that_may_be_taken_back(file: int) -> None:
    os.write(file, bytes(100))
    digest, said = RunningDigest(), []
    with follower(file, 10, digest, said) as following:
        eventually(lambda: digest.offset == 10)
        following.wrote(None)
        following.wrote(60)
        eventually(lambda: digest.offset == 60)
    assert said == []


def test_a_silent_connection_is_ended_when_somebody_waits_for_the_file(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_module, "SILENCE", 0.1)
    said: list[str] = []
    with follower(file, 0, RunningDigest(), said, asked=True):
        eventually(lambda: said)


def test_a_connection_that_is_silent_for_too_long_is_ended_in_any_case(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_module, "LONGEST_SILENCE", 0.1)
    said: list[str] = []
    with follower(file, 0, RunningDigest(), said):
        eventually(lambda: said)
