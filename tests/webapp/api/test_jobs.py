"""Sending a file and asking what came of it: the rows of the API table, word for word."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from processing.sentences import error_json
from store import disk_space, queues
from store.database import db
from store.files import Files
from store.models import Job
from store.states import STATES, JobState
from tests.jobs import refusal
from webapp.api.jobs import EMPTY

CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]
# What the API answers for a job in each state.
WORDS = {
    JobState.QUEUED: (425, "TooEarlyException"),
    JobState.RUNNING: (425, "TooEarlyException"),
    JobState.DONE: (200, None),
    JobState.FAILED: (406, "NotAcceptableException"),
    JobState.CANCELLED: (406, "NotAcceptableException"),
    JobState.EXPIRED: (410, "GoneException"),
}


def send(client: FlaskClient, headers: dict[str, str], content: bytes = CONTENT, **fields: str) -> TestResponse:
    data = {"file": (io.BytesIO(content), "plays.csv"), **fields}
    return client.post("/api/process_file/", data=data, headers=headers)


def result(client: FlaskClient, headers: dict[str, str], job_id: str) -> TestResponse:
    return client.get(f"/api/csv_task_result/{job_id}/", headers=headers)


def test_a_sent_file_is_201_with_the_id_of_its_job(app: Flask, client: FlaskClient, bearer: Bearer) -> None:
    answer = send(client, bearer(), bad_rows="skip")
    assert answer.status_code == 201
    assert set(answer.json) == {"uuid"}
    assert re.fullmatch("[0-9a-f]{32}", answer.json["uuid"])
    with app.app_context():
        job = db.session.get(Job, answer.json["uuid"])
        assert (job.state, job.options, job.owner.username) == (JobState.QUEUED, {"bad_rows": "skip"}, "anna")


def test_a_file_may_be_sent_with_all_options(app: Flask, client: FlaskClient, bearer: Bearer) -> None:
    said = {"encoding": "cp1252", "delimiter": "|", "quote": "none", "header_line": "none", "date_style": "DD/MM/YYYY"}
    said |= {"thousands": "point", "song_column": "1", "date_column": "2", "plays_column": "3", "corrections": "allow"}
    answer = send(client, bearer(), **said)
    with app.app_context():
        assert db.session.get(Job, answer.json["uuid"]).options == said | {"bad_rows": "stop"}


def test_the_same_file_again_is_409_with_the_first_id(client: FlaskClient, bearer: Bearer) -> None:
    first = send(client, bearer()).json["uuid"]
    again = send(client, bearer())
    assert again.status_code == 409
    assert set(again.json) == {"uuid", "message", "type"}
    assert (again.json["uuid"], again.json["type"]) == (first, "ConflictException")
    assert send(client, bearer("bert")).status_code == 201


def test_the_same_file_after_a_failure_is_a_new_job(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_in(JobState.DONE, content=CONTENT)
    assert send(client, bearer()).status_code == 409
    job_in(JobState.FAILED, content=CONTENT + b"x")
    assert send(client, bearer(), CONTENT + b"x").status_code == 201


def test_of_many_identical_files_at_once_one_wins(app: Flask, bearer: Bearer) -> None:
    headers, answers = bearer(), []
    threads = [threading.Thread(target=lambda: answers.append(send(app.test_client(), headers))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len({answer.json["uuid"] for answer in answers}) == 1


def test_without_a_bearer_nothing_is_received(signed_in: FlaskClient, files: Files) -> None:
    answer = send(signed_in, {})
    assert (answer.status_code, answer.json["type"]) == (401, "UnauthorizedException")
    assert not any((files.data_dir / "uploads").iterdir())


@pytest.mark.parametrize(
    "data",
    [{}, {"file": "not a file"}, {"file": (io.BytesIO(b""), "")}, {"other": (io.BytesIO(b"x"), "a.csv")}],
)
def test_without_a_file_it_is_400_with_a_message(client: FlaskClient, bearer: Bearer, data: dict[str, object]) -> None:
    answer = client.post("/api/process_file/", data=data, headers=bearer(), content_type="multipart/form-data")
    assert (answer.status_code, answer.json["type"]) == (400, "BadRequestException")
    assert "file" in answer.json["message"]


def test_a_body_that_is_no_form_is_400_with_a_message(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.post("/api/process_file/", data=CONTENT, headers=bearer(), content_type="text/csv")
    assert (answer.status_code, "multipart/form-data" in answer.json["message"]) == (400, True)


def test_an_empty_file_and_an_unknown_option_are_400_and_leave_nothing(
    client: FlaskClient, bearer: Bearer, files: Files
) -> None:
    assert send(client, bearer(), b"").json["message"] == EMPTY
    answer = send(client, bearer(), bad_rows="guess")
    assert (answer.status_code, "bad_rows" in answer.json["message"]) == (400, True)
    assert send(client, bearer(), quote="'").json["message"].startswith("quote should be double, single or none")
    assert not any((files.data_dir / "incoming").iterdir())


def test_with_the_queue_away_it_is_still_201(app: Flask, client: FlaskClient, bearer: Bearer, tmp_path: Path) -> None:
    kept = app.extensions["playtally"]
    away = type(kept)(kept.settings, kept.files, queues.connect(f"unix://{tmp_path}/nobody.sock"))
    app.extensions["playtally"] = away
    assert send(client, bearer()).status_code == 201


def test_a_full_disk_is_507(client: FlaskClient, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: -1)
    answer = send(client, bearer())
    assert (answer.status_code, answer.json["type"]) == (507, "InsufficientStorageException")


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_its_word(client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState) -> None:
    answer = result(client, bearer(), job_in(state))
    assert (answer.status_code, answer.json.get("type")) == WORDS[state]


def test_a_job_that_goes_on_is_425_and_says_when_to_ask(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    answer = result(client, bearer(), job_in(JobState.RUNNING))
    assert set(answer.json) == {"message", "type"}
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["message"].startswith(STATES[JobState.RUNNING].sentence)


def test_a_failed_job_is_406_with_its_error(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    for error in (refusal(), refusal(message="Line 2 has no date.")):  # the second one of an earlier version
        answer = result(client, bearer(), job_in(JobState.FAILED, error=error))
        assert set(answer.json) == {"extra", "message", "type"}
        assert answer.json["extra"] == {"error": error_json(error)["message"]}


def test_a_job_that_is_done_names_its_files(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.DONE, name="märz.csv", content=CONTENT, parts=(b"one\n", b"two\n"))
    answer = result(client, bearer(), job_id)
    assert set(answer.json) == {"uuid", "input_file", "output_files", "initial_input_file_name"}
    assert answer.json["uuid"] == job_id
    assert answer.json["initial_input_file_name"] == "märz.csv"
    assert [set(one) for one in answer.json["output_files"]] == [{"uuid", "output_file"}] * 2
    for address, content in zip(
        [answer.json["input_file"], *(one["output_file"] for one in answer.json["output_files"])],
        [CONTENT, b"one\n", b"two\n"],
        strict=True,
    ):
        assert address.startswith("http://localhost/api/")
        with client.get(address, headers=bearer()) as file:
            assert file.data == content
        with client.get(address, headers=bearer() | {"Range": "bytes=1-2"}) as file:
            assert (file.status_code, file.data) == (206, content[1:3])


@pytest.mark.parametrize(
    ("sent", "given"), [("March.CSV.GZ", "March.csv.gz"), ("plays.zip", "plays.zip"), ("a", "a.csv")]
)
def test_a_file_comes_back_under_the_ending_it_was_sent_with(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, sent: str, given: str
) -> None:
    answer = client.get(f"/api/input_files/{job_in(JobState.DONE, name=sent)}/", headers=bearer())
    assert answer.headers["Content-Disposition"].endswith(f"={given}")
    answer.close()


def test_files_of_a_job_past_its_date_are_gone(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.EXPIRED)
    assert client.get(f"/api/input_files/{job_id}/", headers=bearer()).status_code == 404


def test_the_slash_at_the_end_belongs_to_the_address(client: FlaskClient) -> None:
    answer = client.post("/api/login", json={})
    assert (answer.status_code, answer.location) == (308, "http://localhost/api/login/")
