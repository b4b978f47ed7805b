"""Resumable uploads: the rows of tus 1.0, and what comes of an upload."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from store import faults, resumables
from store.database import db
from store.files import Files
from store.models import Job, Resumable
from store.settings import Settings
from store.space import Space, holds_more_than_it_has
from store.states import JobState
from webapp import resuming

CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]
PIECE = {"Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Script:
    """A client that speaks tus."""

    client: FlaskClient
    headers: dict[str, str]

    def call(self, method: str, address: str = "/api/v1/uploads", **more: object) -> TestResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.open(address, method=method, headers=headers, **more)

    def begin(self, length: int | str = len(CONTENT), said: dict[str, str] | None = None, **headers: str) -> str:
        answer = self.call("POST", headers={"Upload-Length": str(length), **metadata(said or {}), **headers})
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Location"])

    def send(self, address: str, offset: int, piece: bytes, **headers: str) -> TestResponse:
        return self.call("PATCH", address, headers={"Upload-Offset": str(offset), **PIECE, **headers}, data=piece)

    def offset(self, address: str) -> int:
        return int(self.call("HEAD", address).headers["Upload-Offset"])


def metadata(said: dict[str, str]) -> dict[str, str]:
    pairs = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items()]
    return {"Upload-Metadata": ",".join(pairs)} if pairs else {}


@pytest.fixture
def script(client: FlaskClient, bearer: Bearer) -> Script:
    """Anna's."""
    return Script(client, bearer() | {"Tus-Resumable": "1.0.0"})


def incoming(files: Files) -> list[str]:
    return sorted(path.name for path in files.incoming_files())


def jobs(app: Flask) -> list[Job]:
    with app.app_context():
        return list(db.session.scalars(select(Job)))


def broken_off(script: Script, address: str, offset: int, piece: bytes, **headers: str) -> TestResponse:
    """A piece whose connection breaks when these bytes have come."""
    headers |= {"Upload-Offset": str(offset), **PIECE}
    announced = {"CONTENT_LENGTH": str(len(piece) + 10)}
    stream = io.BytesIO(piece)
    return script.call("PATCH", address, headers=headers, input_stream=stream, environ_overrides=announced)


def test_options_tells_what_is_spoken(script: Script) -> None:
    answer = script.call("OPTIONS", headers={"Tus-Resumable": "0.2.2"})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (204, "1.0.0")
    extensions = answer.headers["Tus-Extension"].split(",")
    assert {"creation", "expiration", "checksum", "termination"} <= set(extensions)
    assert {"sha1", "sha256", "md5"} <= set(answer.headers["Tus-Checksum-Algorithm"].split(","))
    assert "Tus-Max-Size" not in answer.headers


def test_a_file_in_two_pieces_becomes_a_job(app: Flask, script: Script, files: Files) -> None:
    address = script.begin(said={"filename": "plays märz.csv", "bad_rows": "skip", "filetype": "text/csv"})
    first = script.send(address, 0, CONTENT[:30])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "30")
    assert "Upload-Expires" in first.headers
    assert "Playtally-Job" not in first.headers
    last = script.send(address, 30, CONTENT[30:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    with app.app_context():
        job = db.session.get(Job, last.headers["Playtally-Job"])
        assert (job.state, job.options, job.upload.name) == (JobState.QUEUED, {"bad_rows": "skip"}, "plays märz.csv")
        assert (job.upload.bytes, job.upload.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
        assert files.upload(job.upload_id).read_bytes() == CONTENT
        assert last.headers["Content-Location"] == f"http://localhost/api/v1/jobs/{job.id}"
    assert incoming(files) == []


def test_every_answer_names_the_version_also_one_that_says_no(script: Script) -> None:
    for answer in (script.call("OPTIONS"), script.call("POST"), script.call("HEAD", "/api/v1/uploads/x")):
        assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_another_version_is_412_with_ours(script: Script, method: str) -> None:
    address = script.begin() if method != "POST" else "/api/v1/uploads"
    answer = script.call(method, address, headers={"Tus-Resumable": "0.2.2"})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    without = replace(script, headers={"Authorization": script.headers["Authorization"]})
    assert without.call(method, address).status_code == 412
    assert script.call("HEAD", address).status_code in (200, 405)


def test_head_says_how_far_it_has_come_and_keeps_nobody_from_asking_again(script: Script) -> None:
    address = script.begin(said={"filename": "a.csv"})
    script.send(address, 0, CONTENT[:7])
    answer = script.call("HEAD", address)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Upload-Offset"] == "7"
    assert answer.headers["Upload-Length"] == str(len(CONTENT))
    assert answer.headers["Upload-Metadata"] == "filename YS5jc3Y="
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Upload-Expires" in answer.headers


def test_get_says_the_same_as_json_without_any_word_of_tus(script: Script) -> None:
    address = script.begin(said={"name": "a.csv"})
    plain = replace(script, headers={"Authorization": script.headers["Authorization"]})
    found = plain.call("GET", address).json
    assert found == {
        "id": address.rpartition("/")[2],
        "offset": 0,
        "length": len(CONTENT),
        "file_name": "a.csv",
        "expires_at": found["expires_at"],
        "job": None,
    }
    job_id = script.send(address, 0, CONTENT).headers["Playtally-Job"]
    ended = plain.call("GET", address).json
    assert (ended["offset"], ended["expires_at"], ended["job"]) == (len(CONTENT), None, job_id)


def test_an_upload_that_has_ended_names_its_job_again(app: Flask, script: Script) -> None:
    address = script.begin()
    job_id = script.send(address, 0, CONTENT).headers["Playtally-Job"]
    for answer in (script.call("HEAD", address), script.send(address, len(CONTENT), b"")):
        assert (answer.status_code // 100, answer.headers["Playtally-Job"]) == (2, job_id)
    assert len(jobs(app)) == 1


def test_another_offset_is_409_with_the_right_one(script: Script) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:5])
    for offset in (0, 4, 6):
        answer = script.send(address, offset, b"x")
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "5")
        assert answer.json["type"].endswith("#wrong-offset")
    assert script.offset(address) == 5


def test_a_body_that_is_no_piece_is_415_and_nothing_of_it_is_kept(script: Script) -> None:
    address = script.begin()
    answer = script.send(address, 0, CONTENT, **{"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json["type"].rpartition("#")[2]) == (415, "not-a-piece")
    assert script.offset(address) == 0


def test_what_arrived_of_a_piece_is_kept_when_its_connection_breaks(app: Flask, script: Script) -> None:
    address = script.begin()
    assert broken_off(script, address, 0, CONTENT[:20]).status_code == 400
    assert script.offset(address) == 20
    assert "Playtally-Job" in script.send(address, 20, CONTENT[20:]).headers
    assert jobs(app)[0].upload_id == address.rpartition("/")[2]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
def test_a_piece_that_does_not_come_to_its_checksum_is_460_and_counts_for_nothing(
    script: Script, algorithm: str
) -> None:
    def checksum(piece: bytes) -> dict[str, str]:
        digest = hashlib.new(algorithm, piece).digest()
        return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}

    address = script.begin()
    assert script.send(address, 0, CONTENT[:9], **checksum(CONTENT[:9])).status_code == 204
    answer = script.send(address, 9, CONTENT[9:], **checksum(b"other"))
    assert (answer.status_code, answer.json["status"]) == (460, 460)
    assert script.offset(address) == 9
    assert "Playtally-Job" in script.send(address, 9, CONTENT[9:], **checksum(CONTENT[9:])).headers


def test_a_piece_with_a_checksum_that_breaks_off_counts_for_nothing(script: Script) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    sha1 = base64.b64encode(hashlib.sha1(CONTENT[9:]).digest()).decode()
    assert broken_off(script, address, 9, CONTENT[9:15], **{"Upload-Checksum": f"sha1 {sha1}"}).status_code == 400
    assert script.offset(address) == 9
    assert "Playtally-Job" in script.send(address, 9, CONTENT[9:]).headers


def test_bytes_that_a_killed_process_left_unproved_count_for_nothing(app: Flask, script: Script, files: Files) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    upload_id = address.rpartition("/")[2]
    with app.app_context():
        resumables.expect_proof(upload_id, 9)
    with files.incoming(upload_id).open("ab") as file:
        file.write(b"unproved")
    assert script.offset(address) == 9
    script.send(address, 9, CONTENT[9:12])
    assert script.offset(address) == 12


@pytest.mark.parametrize("checksum", ["crc32 AAAA", "sha1", "sha1 ***", "", "sha1 AAAA, md5 AAAA"])
def test_a_checksum_that_is_none_is_400_or_460(script: Script, checksum: str) -> None:
    address = script.begin()
    assert script.send(address, 0, CONTENT, **{"Upload-Checksum": checksum}).status_code in (400, 460)
    assert script.offset(address) == 0


def test_two_requests_at_once_do_not_mix_their_bytes(
    script: Script, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "LONGEST_WAIT", 0.1)
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    with files.claim(files.incoming(address.rpartition("/")[2])):
        answer = script.send(address, 9, b"x")
        assert (answer.status_code, answer.headers["Retry-After"]) == (423, "2")
        assert script.call("DELETE", address).status_code == 423
        assert script.offset(address) == 9
    assert script.send(address, 9, b"x").status_code == 204


def test_someone_elses_upload_and_one_that_never_was_look_alike(script: Script, bearer: Bearer) -> None:
    address = script.begin()
    berts = replace(script, headers=script.headers | bearer("bert"))
    for method in ("HEAD", "GET", "DELETE", "PATCH"):
        found = [
            berts.call(method, one, headers={"Upload-Offset": "0", **PIECE})
            for one in (address, "/api/v1/uploads/" + "0" * 32, "/api/v1/uploads/nonsense")
        ]
        assert [answer.status_code for answer in found] == [404] * 3
        if method != "HEAD":
            assert len({answer.json["detail"] for answer in found}) == 1
    assert script.offset(address) == 0


def test_without_a_bearer_it_is_401(script: Script) -> None:
    address = script.begin()
    nobody = replace(script, headers={"Tus-Resumable": "1.0.0"})
    assert nobody.call("POST", headers={"Upload-Length": "5"}).status_code == 401
    assert nobody.send(address, 0, CONTENT).status_code == 401
    assert script.offset(address) == 0


def test_a_given_up_upload_is_gone_with_its_bytes(script: Script, files: Files) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    assert script.call("DELETE", address).status_code == 204
    assert (script.call("HEAD", address).status_code, incoming(files)) == (404, [])


def test_giving_up_an_upload_that_has_ended_leaves_its_job(app: Flask, script: Script, files: Files) -> None:
    address = script.begin()
    job_id = script.send(address, 0, CONTENT).headers["Playtally-Job"]
    assert script.call("DELETE", address).status_code == 204
    assert [job.id for job in jobs(app)] == [job_id]
    assert files.upload(address.rpartition("/")[2]).read_bytes() == CONTENT


def test_an_upload_goes_with_its_job(script: Script) -> None:
    address = script.begin()
    job_address = script.send(address, 0, CONTENT).headers["Content-Location"]
    assert script.call("DELETE", job_address).status_code == 204
    assert script.call("HEAD", address).status_code == 404


def test_the_same_bytes_again_end_at_the_first_job(app: Flask, script: Script, files: Files, job_in: JobIn) -> None:
    first = job_in(JobState.DONE, content=CONTENT)
    address = script.begin()
    answer = script.send(address, 0, CONTENT)
    assert (answer.status_code, answer.headers["Playtally-Job"]) == (204, first)
    assert script.call("HEAD", address).headers["Playtally-Job"] == first
    assert ([job.id for job in jobs(app)], incoming(files)) == ([first], [])


@pytest.mark.parametrize("point", ["upload.written", "upload.kept", "upload.committed", "upload.enqueued"])
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_crash_behind_the_last_byte_still_leads_to_one_job(
    app: Flask, script: Script, monkeypatch: pytest.MonkeyPatch, files: Files, point: str, method: str
) -> None:
    address = script.begin()
    script.send(address, 0, CONTENT[:9])

    def crash(name: str) -> None:
        if name == point:
            script.client.application.extensions["crashed"] = True
            raise OSError("killed")

    with monkeypatch.context() as here:
        here.setattr(faults, "point", crash)
        assert script.send(address, 9, CONTENT[9:]).status_code == 500
    again = script.call("HEAD", address) if method == "HEAD" else script.send(address, len(CONTENT), b"")
    (job,) = jobs(app)
    assert again.headers["Playtally-Job"] == job.id
    assert files.upload(job.upload_id).read_bytes() == CONTENT


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
    assert "xls" in answer.json["detail"]
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
    monkeypatch.setattr(Files, "room", lambda self: 5)
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
    append = resuming.append

    def slow(*args: Any, **more: Any) -> int:
        """The other upload's piece arrives while this one does."""
        monkeypatch.setattr(resuming, "append", append)
        assert script.send(second, 0, b"a" * 60).status_code == 204
        return append(*args, **more)

    monkeypatch.setattr(resuming, "append", slow)
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
        files.incoming(address.rpartition("/")[2]).write_bytes(b"a" * count)
    assert [script.offset(address) for address in (fits, too_much)] == [60, 0]
    assert script.call("POST", headers={"Upload-Length": "41"}).status_code == 507
    assert script.call("POST", headers={"Upload-Length": "40"}).status_code == 201


def test_an_upload_is_not_kept_from_going_on_by_space_that_it_took_itself(
    script: Script, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = script.begin()
    path = files.incoming(address.rpartition("/")[2])
    with path.open("r+b") as file:
        Space(files, file.fileno()).cover(1, expected=3 << 20)
    monkeypatch.setattr(Files, "room", lambda self: -1 if holds_more_than_it_has(path) else 1000)
    assert script.send(address, 0, CONTENT).status_code == 204


def test_the_first_bytes_may_come_with_the_beginning(app: Flask, script: Script) -> None:
    answer = script.call("POST", headers={"Upload-Length": str(len(CONTENT)), **PIECE}, data=CONTENT[:9])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "9")
    whole = script.call("POST", headers={"Upload-Length": str(len(CONTENT)), **PIECE}, data=CONTENT)
    assert whole.headers["Playtally-Job"] == jobs(app)[0].id
    assert script.call("HEAD", whole.headers["Location"]).headers["Playtally-Job"] == jobs(app)[0].id


def test_the_length_may_be_told_later(app: Flask, script: Script) -> None:
    address = script.call("POST", headers={"Upload-Defer-Length": "1"}).headers["Location"]
    assert script.send(address, 0, CONTENT[:9]).status_code == 204
    standing = script.call("HEAD", address)
    assert (standing.headers["Upload-Defer-Length"], "Upload-Length" in standing.headers) == ("1", False)
    assert script.send(address, 9, CONTENT[9:12], **{"Upload-Length": "5"}).status_code == 400
    assert script.send(address, 9, CONTENT[9:12], **{"Upload-Length": str(len(CONTENT))}).status_code == 204
    assert script.send(address, 12, CONTENT[12:], **{"Upload-Length": "99"}).status_code == 400
    assert script.send(address, 12, CONTENT[12:]).headers["Playtally-Job"] == jobs(app)[0].id


def test_clients_that_may_only_post_name_the_method_in_a_header(script: Script) -> None:
    address = script.begin()
    headers = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", **PIECE}
    assert script.call("POST", address, headers=headers, data=CONTENT[:9]).status_code == 204
    assert script.offset(address) == 9
    assert script.call("POST", address, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert script.call("HEAD", address).status_code == 404


def test_a_file_that_was_lost_is_404_and_its_row_goes(app: Flask, script: Script, files: Files) -> None:
    address = script.begin()
    files.incoming(address.rpartition("/")[2]).unlink()
    assert script.call("HEAD", address).status_code == 404
    with app.app_context():
        assert db.session.scalars(select(Resumable)).all() == []


def test_all_calls_are_in_the_document(client: FlaskClient) -> None:
    paths = client.get("/api/schema/").json["paths"]
    assert set(paths["/api/v1/uploads"]) >= {"post", "options"}
    assert set(paths["/api/v1/uploads/{upload_id}"]) >= {"head", "get", "patch", "delete"}
    patch = paths["/api/v1/uploads/{upload_id}"]["patch"]
    assert {one["name"] for one in patch["parameters"]} >= {"Tus-Resumable", "Upload-Offset", "Upload-Checksum"}
    assert {"204", "409", "412", "415", "423", "460", "507"} <= set(patch["responses"])


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What one test hashed is nothing to the next."""
    yield
    resuming._digests.__init__()
