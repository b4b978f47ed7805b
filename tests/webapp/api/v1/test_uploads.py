"""Resumable uploads: the rows of tus 1.0, and what comes of an upload."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from common import fault_points
from store import file_locks
from store.database import db
from store.files import Files
from store.models import Job, Resumable
from store.states import JobState
from tests.webapp.api.v1.tus import CONTENT, PIECE, Script, broken_off, incoming, jobs
from webapp.uploads import resumable

Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]


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


def test_two_requests_at_once_do_not_mix_their_bytes(
    script: Script, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "LONGEST_WAIT", 0.1)
    address = script.begin()
    script.send(address, 0, CONTENT[:9])
    with file_locks.lock_exclusive(files.paths.incoming(address.rpartition("/")[2])):
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
        here.setattr(fault_points, "point", crash)
        assert script.send(address, 9, CONTENT[9:]).status_code == 500
    again = script.call("HEAD", address) if method == "HEAD" else script.send(address, len(CONTENT), b"")
    (job,) = jobs(app)
    assert again.headers["Playtally-Job"] == job.id
    assert files.upload(job.upload_id).read_bytes() == CONTENT


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
    files.paths.incoming(address.rpartition("/")[2]).unlink()
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
