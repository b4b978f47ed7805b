"""Receiving: written once, hashed on the way, refused before a byte is written, and never half."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from store import file_locks
from store.files import Files
from tests.webapp.uploads.bodies_of_forms import (
    BOUNDARY,
    CONTENT,
    END,
    NO_LIMITS,
    GoneError,
    field,
    file,
    incoming,
    request_with,
    taken,
)
from webapp.uploads import multipart
from webapp.uploads.multipart import Limits, receive, receive_body


@pytest.mark.parametrize("piece", [7, 64, 1000, 1 << 20])
def test_a_file_arrives_byte_for_byte_however_it_is_cut(
    files: Files, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(multipart, "PIECE", piece)
    monkeypatch.setattr(multipart, "_decoder", lambda request: multipart.MultipartDecoder(BOUNDARY.encode()))
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


def test_a_body_without_a_length_is_read_to_its_end(files: Files) -> None:
    body = file(CONTENT) + END
    request = request_with(body, **{"wsgi.input_terminated": True})
    del request.environ["CONTENT_LENGTH"]
    assert taken(request, files)[1] == [CONTENT]


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


def test_a_file_is_held_until_somebody_has_accepted_it_or_nobody_will(files: Files) -> None:
    with receive(request_with(file(CONTENT) + END), files, limits=Limits(), check=lambda fields: None) as form:
        (one,) = form.received
        assert file_locks.is_locked(one.path)
        files.put_upload(one.path, "a" * 32)
        assert file_locks.is_locked(files.upload("a" * 32))
    assert not file_locks.is_locked(files.upload("a" * 32))


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
