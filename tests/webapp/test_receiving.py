"""Receiving: written once, hashed on the way, refused before a byte is written, and never half."""

from __future__ import annotations

import errno
import hashlib
import io
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from store.files import Files
from tests.faults.disks import may_mount
from webapp import receiving
from webapp.errors import InsufficientStorage, OverQuota
from webapp.receiving import Limits, ReceivedForm, receive, receive_body

CONTENT = b"Song,Date,Number of Plays\r\n--almost a boundary\r\n\r\n" * 1000
BOUNDARY = "gCu7-boundary"
NO_LIMITS = Limits()
UPLOADS = 12


class GoneError(Exception):
    """Stands for whatever a check says."""


def field(name: str, value: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(content: bytes, name: str = "plays.csv", to: str = "file") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{to}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def request_with(body: bytes | IO[bytes], length: int | None = None, **environ: Any) -> Request:
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    return Request(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(len(body) if isinstance(body, bytes) and length is None else length),
            "wsgi.input": stream,
            **environ,
        }
    )


def taken(
    request: Request, files: Files, limits: Limits = NO_LIMITS, check: receiving.Check = lambda fields: None
) -> tuple[ReceivedForm, list[bytes]]:
    with receive(request, files, limits=limits, check=check) as form:
        return form, [one.path.read_bytes() for one in form.received]


def incoming(files: Files) -> list[Path]:
    return list((files.data_dir / "incoming").iterdir())


@pytest.mark.parametrize("piece", [7, 64, 1000, 1 << 20])
def test_a_file_arrives_byte_for_byte_however_it_is_cut(
    files: Files, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(receiving, "PIECE", piece)
    monkeypatch.setattr(receiving, "_decoder", lambda request: receiving.MultipartDecoder(BOUNDARY.encode()))
    content = CONTENT[:5000]
    form, contents = taken(request_with(field("bad_rows", "skip") + file(content) + END), files)
    assert contents == [content]
    assert form.fields == {"bad_rows": "skip"}
    received = form.received[0]
    expected = ("plays.csv", len(content), hashlib.sha256(content).hexdigest())
    assert (received.name, received.bytes, received.sha256) == expected


def test_several_files_and_fields_after_them_arrive(files: Files) -> None:
    body = file(b"one", "1.csv") + file(b"two", "2.csv") + field("bad_rows", "skip") + END
    form, contents = taken(request_with(body), files)
    assert contents == [b"one", b"two"]
    assert form.fields == {"bad_rows": "skip"}


def test_files_that_nobody_accepted_are_removed(files: Files) -> None:
    taken(request_with(file(CONTENT) + END), files)
    assert incoming(files) == []


def test_a_field_in_which_nothing_was_chosen_is_no_file(files: Files) -> None:
    form, _ = taken(request_with(file(b"", "") + file(b"x", "a.csv", to="other") + END), files)
    assert form.received == []


def test_the_check_sees_the_fields_before_a_byte_is_written(files: Files) -> None:
    seen = []

    def refuse(fields: Mapping[str, str]) -> None:
        seen.append((dict(fields), incoming(files)))
        raise GoneError

    with pytest.raises(GoneError):
        taken(request_with(field("csrf_token", "t") + file(CONTENT) + END), files, check=refuse)
    assert seen == [({"csrf_token": "t"}, [])]
    assert incoming(files) == []


def test_a_client_that_goes_away_leaves_no_half_file(files: Files) -> None:
    body = file(b"whole", "1.csv") + file(CONTENT, "2.csv")
    with pytest.raises(BadRequest):
        taken(request_with(body, length=len(body) + 5000), files)
    assert incoming(files) == []


def test_a_form_that_ends_early_leaves_no_half_file(files: Files) -> None:
    with pytest.raises(BadRequest):
        taken(request_with(file(CONTENT)[:-20]), files)
    assert incoming(files) == []


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


def test_a_body_without_a_length_is_read_to_its_end(files: Files) -> None:
    body = file(CONTENT) + END
    request = request_with(body, **{"wsgi.input_terminated": True})
    del request.environ["CONTENT_LENGTH"]
    assert taken(request, files)[1] == [CONTENT]


def test_a_disk_without_room_refuses_before_the_body_is_read(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Files, "room", lambda self: 999)
    unread = io.BytesIO(CONTENT)
    with pytest.raises(InsufficientStorage):
        taken(request_with(unread, length=1000), files)
    assert unread.tell() == 0


def test_a_body_of_unknown_length_ends_where_the_reserve_begins(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    room = iter([0, 100_000, 20_000, 0])  # the first look is at the beginning of the body
    monkeypatch.setattr("store.space.AHEAD", 0)
    monkeypatch.setattr(receiving, "PIECE", 20_000)
    monkeypatch.setattr(Files, "room", lambda self: next(room))
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
            with receiving.plain_refusals():
                received = receiving.write_down(files, "a.csv", iter(pieces()), limits)
        except InsufficientStorage:
            return 0
        received.let_go()
        return received.bytes

    with ThreadPoolExecutor(UPLOADS) as threads:
        return list(threads.map(send, range(UPLOADS)))


def test_of_uploads_of_unknown_length_at_once_none_takes_the_reserve(small_disk: Files) -> None:
    reserve = small_disk.free_bytes() - small_disk.room()
    free = []

    def endless() -> Iterator[bytes]:
        while True:
            free.append(small_disk.free_bytes())
            yield bytes(receiving.PIECE)

    assert at_once(small_disk, endless, NO_LIMITS) == [0] * UPLOADS
    assert reserve <= min(free) < reserve + 2 * UPLOADS * receiving.PIECE
    assert incoming(small_disk) == []


def test_of_uploads_of_known_length_at_once_those_that_do_not_fit_end_before_the_reserve(small_disk: Files) -> None:
    reserve, length = small_disk.free_bytes() - small_disk.room(), 200 << 20
    free = []

    def known() -> Iterator[bytes]:
        for _ in range(0, length, receiving.PIECE):
            free.append(small_disk.free_bytes())
            yield bytes(receiving.PIECE)

    received = at_once(small_disk, known, Limits(announced=length))
    whole = received.count(length)
    assert whole >= 3
    assert sorted(received) == [0] * (UPLOADS - whole) + [length] * whole
    assert min(free) >= reserve
    assert small_disk.room() == pytest.approx(small_disk.size_of_disk() * 0.95 - whole * length, abs=1 << 20)


def test_a_body_that_says_it_is_larger_than_the_room_ends_with_its_first_piece(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Files, "room", lambda self: 3 * len(CONTENT))
    with pytest.raises(OSError, match="No space"):
        receiving.write_down(files, "a.csv", iter([CONTENT] * 4), Limits(announced=4 * len(CONTENT)))
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
    monkeypatch.setattr(f"processing.direct.os.{call}", FullDisk())
    with pytest.raises(InsufficientStorage):
        taken(request_with(file(CONTENT) + END), files)
    assert incoming(files) == []


@pytest.mark.parametrize(
    "kind", ["text/csv", "multipart/form-data", "application/x-www-form-urlencoded", "multipart/form-data; boundary="]
)
def test_what_is_no_multipart_form_is_refused_with_words(files: Files, kind: str) -> None:
    with pytest.raises(BadRequest, match="multipart/form-data"):
        taken(request_with(CONTENT, CONTENT_TYPE=kind), files)


@pytest.mark.parametrize(
    "body", [b"", b"--\r\n\r\n", CONTENT, field("a", "b"), b"--" + BOUNDARY.encode() + b"\r\n\r\n"]
)
def test_a_broken_form_is_refused(files: Files, body: bytes) -> None:
    with pytest.raises(BadRequest):
        taken(request_with(body), files)


def test_a_field_as_large_as_a_file_is_refused(files: Files) -> None:
    with pytest.raises(RequestEntityTooLarge):
        taken(request_with(field("note", "x" * 100_000) + END), files)


def test_a_name_keeps_only_what_can_be_shown(files: Files) -> None:
    form, _ = taken(request_with(file(b"x", "a\x00b\x1bé\u202e.csv") + END), files)
    assert form.received[0].name == "abé.csv"


@pytest.mark.parametrize(
    ("name", "shown"), [("   ", "upload.csv"), (" \x00 ", "upload.csv"), (" a b.csv ", " a b.csv ")]
)
def test_a_name_of_blanks_only_is_none(files: Files, name: str, shown: str) -> None:
    form, _ = taken(request_with(file(b"x", name) + END), files)
    assert form.received[0].name == shown


def test_a_name_that_is_not_utf8_is_read_as_latin1(files: Files) -> None:
    body = file(CONTENT, "m?rz.csv").replace(b"m?rz", b"m\xe4rz")
    form, contents = taken(request_with(body + END), files)
    assert (form.received[0].name, contents) == ("märz.csv", [CONTENT])


def test_a_field_that_is_not_utf8_is_refused_with_words(files: Files) -> None:
    with pytest.raises(BadRequest, match="bad_rows is not UTF-8"):
        taken(request_with(field("bad_rows", "?").replace(b"?", b"\xff") + END), files)


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


def test_a_file_is_held_until_somebody_has_accepted_it_or_nobody_will(files: Files) -> None:
    with receive(request_with(file(CONTENT) + END), files, limits=Limits(), check=lambda fields: None) as form:
        (one,) = form.received
        assert files.is_held(one.path)
        files.keep_upload(one.path, "a" * 32)
        assert files.is_held(files.upload("a" * 32))
    assert not files.is_held(files.upload("a" * 32))


@pytest.mark.parametrize("environ", [{}, {"wsgi.input_terminated": True}], ids=["bare server", "gunicorn"])
def test_a_body_that_breaks_off_leaves_nothing(files: Files, environ: dict[str, Any]) -> None:
    request = request_with(CONTENT, length=len(CONTENT) + 1, **environ)
    with pytest.raises(BadRequest), receive_body(request, files, name="plays.csv", limits=NO_LIMITS):
        pass
    assert incoming(files) == []


def test_a_body_without_a_length_is_taken_as_it_ends(files: Files) -> None:
    request = request_with(CONTENT, **{"CONTENT_LENGTH": "", "wsgi.input_terminated": True})
    with receive_body(request, files, name="plays.csv", limits=NO_LIMITS) as form:
        assert form.received[0].path.read_bytes() == CONTENT
