"""Resumable uploads that are not taken: what is wrong with them, and where there is no room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from common.settings import Settings
from processing.sentences import refusal
from store import disk_space
from store.disk_space import Space, holds_more_than_it_has
from store.files import Files
from tests.webapp.api.v1.tus import CONTENT, Script, incoming, jobs, metadata
from webapp.uploads import resumable

Bearer = Callable[..., dict[str, str]]


def test_wrong_options_are_refused_before_a_byte_is_sent(script: Script, files: Files) -> None:
    said = metadata({"filename": "a.csv", "date_style": "tomorrow"})
    answer = script.call("POST", headers={"Upload-Length": "5", **said})
    assert (answer.status_code, answer.json["errors"][0]["option"]) == (400, "date_style")
    assert incoming(files) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "many"},
        {"Upload-Length": "-1"},
        {"Upload-Length": "0"},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
        {"Upload-Defer-Length": "2"},
        {"Upload-Length": "5", "Upload-Metadata": "filename ***"},
        {"Upload-Length": "5", "Upload-Metadata": "filename YQ==,filename YQ=="},
        {"Upload-Length": "5", "Upload-Metadata": "filename /w=="},
        {"Upload-Length": "5", "Upload-Concat": "partial"},
    ],
)
def test_a_beginning_that_is_not_as_tus_wants_it_is_400(script: Script, files: Files, headers: dict[str, str]) -> None:
    answer = script.call("POST", headers=headers)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert incoming(files) == []


def test_a_workbook_is_refused_with_its_first_bytes_and_the_upload_is_gone(script: Script, files: Files) -> None:
    address = script.begin(1000)
    assert script.send(address, 0, b"\xd0\xcf\x11\xe0").status_code == 204
    answer = script.send(address, 4, b"\xa1\xb1\x1a\xe1" + bytes(100))
    assert (answer.status_code, answer.json["type"].rpartition("#")[2]) == (415, "not-a-csv")
    assert answer.json["detail"] == refusal("not_a_csv.xls", {})
    assert (script.call("HEAD", address).status_code, incoming(files)) == (404, [])


def test_a_piece_that_goes_beyond_the_announced_length_is_413(app: Flask, script: Script) -> None:
    address = script.begin(10)
    assert script.send(address, 0, bytes(11)).status_code == 413
    assert (script.offset(address), jobs(app)) == (0, [])


@pytest.fixture
def changed(app: Flask, settings: Settings) -> Callable[..., None]:
    """Gives the application other settings."""

    def change(**values: int) -> None:
        kept = app.extensions["playtally"]
        app.extensions["playtally"] = replace(kept, settings=replace(settings, **values))

    return change


def test_a_file_above_the_sites_limit_is_413_before_a_byte_is_sent(
    script: Script, changed: Callable[..., None]
) -> None:
    changed(max_upload_bytes=10)
    assert script.call("OPTIONS").headers["Tus-Max-Size"] == "10"
    assert script.call("POST", headers={"Upload-Length": "11"}).status_code == 413
    script.begin(10)
    later = script.call("POST", headers={"Upload-Defer-Length": "1"}).headers["Location"]
    assert script.send(later, 0, bytes(11)).status_code == 413
    assert script.send(later, 0, b"a", **{"Upload-Length": "11"}).status_code == 413


def test_a_disk_without_room_is_507_at_the_beginning_and_at_each_piece(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = script.begin()
    monkeypatch.setattr(disk_space, "room", lambda _files: 5)
    assert script.call("POST", headers={"Upload-Length": "6"}).status_code == 507
    answer = script.send(address, 0, CONTENT[:6])
    assert (answer.status_code, answer.json["type"].rpartition("#")[2]) == (507, "disk-full")
    assert script.send(address, 0, CONTENT[:5]).status_code == 204


def test_what_arrives_counts_towards_the_quota_from_its_beginning(
    script: Script, bearer: Bearer, changed: Callable[..., None]
) -> None:
    changed(quota_bytes=100)
    address = script.begin(60)
    answer = script.call("POST", headers={"Upload-Length": "60"})
    assert (answer.status_code, answer.json["type"].rpartition("#")[2]) == (507, "over-quota")
    replace(script, headers=script.headers | bearer("bert")).begin(60)
    assert script.send(address, 0, b"a").status_code == 204
    changed(quota_bytes=50)
    assert script.send(address, 1, b"b").status_code == 507
    assert script.call("DELETE", address).status_code == 204
    script.begin(50)


def test_a_piece_of_untold_length_that_others_left_no_room_for_is_not_kept(
    script: Script, changed: Callable[..., None], files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(quota_bytes=100)
    first, second = (script.call("POST", headers={"Upload-Defer-Length": "1"}).headers["Location"] for _ in range(2))
    script.send(first, 0, b"a" * 10)
    append = resumable.append

    def slow(*args: Any, **more: Any) -> int:
        """The other upload's piece arrives while this one does."""
        monkeypatch.setattr(resumable, "append", append)
        assert script.send(second, 0, b"a" * 60).status_code == 204
        return append(*args, **more)

    monkeypatch.setattr(resumable, "append", slow)
    answer = script.send(first, 10, b"a" * 50)
    assert (answer.status_code, answer.json["type"].rpartition("#")[2]) == (507, "over-quota")
    assert script.call("HEAD", first).headers["Upload-Offset"] == "10"
    assert sorted(path.stat().st_size for path in files.incoming_files()) == [10, 60]
    assert script.send(first, 10, b"a" * 30).status_code == 204


def test_bytes_that_a_killed_process_left_count_from_the_next_question_on_or_are_not_kept(
    script: Script, changed: Callable[..., None], files: Files
) -> None:
    changed(quota_bytes=100)
    fits, too_much = (script.call("POST", headers={"Upload-Defer-Length": "1"}).headers["Location"] for _ in range(2))
    for address, count in ((fits, 60), (too_much, 70)):
        files.paths.incoming(address.rpartition("/")[2]).write_bytes(b"a" * count)
    assert [script.offset(address) for address in (fits, too_much)] == [60, 0]
    assert script.call("POST", headers={"Upload-Length": "41"}).status_code == 507
    assert script.call("POST", headers={"Upload-Length": "40"}).status_code == 201


def test_an_upload_is_not_kept_from_going_on_by_space_that_it_took_itself(
    script: Script, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = script.begin()
    path = files.paths.incoming(address.rpartition("/")[2])
    with path.open("r+b") as file:
        Space(files, file.fileno()).cover(1, expected=3 << 20)
    monkeypatch.setattr(disk_space, "room", lambda _files: -1 if holds_more_than_it_has(path) else 1000)
    assert script.send(address, 0, CONTENT).status_code == 204
