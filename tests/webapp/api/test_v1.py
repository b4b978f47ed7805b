"""The beginning of the API for new scripts: a job, and another run over its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from store.database import db
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import STATES, UNFINISHED, JobState
from tests.jobs import DETECTED, refusal

Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]
SITE = "http://localhost"
ROWS = tuple({"line": n, "column": "Date", "value": "x", "reason": "has no date"} for n in range(2, 152))
KEYS = {"id", "state", "step", "percent", "file_name", "options", "detected", "totals", "rejected", "error", "links"}


def options_of(app: Flask, job_id: str) -> dict[str, str]:
    with app.app_context():
        return dict(db.session.get_one(Job, job_id).options)


@pytest.mark.parametrize("state", JobState)
def test_a_job_in_any_state_has_the_same_keys(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState
) -> None:
    job_id = job_in(state)
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer())
    assert (answer.status_code, set(answer.json)) == (200, KEYS)
    assert (answer.json["id"], answer.json["state"]) == (job_id, state.value)
    assert set(answer.json["totals"]) == {"rows_read", "rows_used", "bad_rows", "plays", "groups"}
    assert set(answer.json["links"]) == {"self", "runs", "result"}


def test_a_job_that_is_done_tells_all(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.DONE, name="märz.csv", rejected=ROWS, options=JobOptions(bad_rows="skip", quote="none"))
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert (answer["step"], answer["percent"], answer["file_name"]) == ("writing", 100, "märz.csv")
    assert answer["options"] == JobOptions(bad_rows="skip", quote="none").values()
    assert answer["detected"] == DETECTED
    assert answer["totals"] == {
        "rows_read": 30_000_000,
        "rows_used": 29_999_850,
        "bad_rows": 150,
        "plays": 14_983_596_449,
        "groups": 24_693_301,
    }
    assert answer["rejected"] == list(ROWS[:100])
    assert answer["error"] is None
    assert answer["links"] == {
        "self": f"{SITE}/api/v1/jobs/{job_id}",
        "runs": f"{SITE}/api/v1/jobs/{job_id}/runs",
        "result": f"{SITE}/api/csv_task_result/{job_id}/",
    }
    for address in (answer["links"]["self"], answer["links"]["result"]):
        assert client.get(address, headers=bearer()).status_code == 200


def test_plays_of_any_size_are_a_json_integer(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.DONE, summary={"plays": 2**70})
    text = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).text
    assert f'"plays":{2**70}' in text.replace(" ", "")


def test_a_job_that_works_says_how_far_it_is(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.RUNNING, step="reading", fraction=0.476)
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert (answer["step"], answer["percent"]) == ("reading", 47)
    assert (answer["detected"], answer["rejected"], answer["links"]["result"]) == (None, [], None)
    assert set(answer["totals"].values()) == {None}


def test_a_job_that_failed_says_why_and_what_it_knew(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    question = {"options": ["quote"], "choices": [{"value": "none", "label": "none"}]}
    error = refusal(bad_rows=150, question=question)
    job_id = job_in(JobState.FAILED, error=error, rejected=ROWS, detected={"delimiter": ";"})
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert answer["error"] == error
    assert answer["detected"] == DETECTED | {"delimiter": ";"}
    assert (answer["totals"]["bad_rows"], answer["totals"]["rows_read"]) == (150, None)
    assert len(answer["rejected"]) == 100


@pytest.mark.parametrize("form", [False, True])
def test_another_run_is_202_with_its_place_and_keeps_what_it_does_not_name(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, redis: Redis, form: bool
) -> None:
    job_id = job_in(JobState.FAILED, options=JobOptions(quote="none", encoding="cp1252", bad_rows="skip"))
    sent = {"encoding": "", "header_line": "3", "song_column": "Titel"}
    body: dict[str, Any] = {"data": sent} if form else {"json": sent}
    answer = client.post(f"/api/v1/jobs/{job_id}/runs", headers=bearer(), **body)
    assert (answer.status_code, set(answer.json)) == (202, {"id"})
    again = answer.json["id"]
    assert answer.location == f"{SITE}/api/v1/jobs/{again}"
    assert int(answer.headers["Retry-After"]) >= 1
    expected = {"quote": "none", "bad_rows": "skip", "header_line": "3", "song_column": "Titel"}
    assert options_of(app, again) == expected
    assert [call.args for call in Queue("small", connection=redis, serializer=JSONSerializer).jobs] == [[again, 1]]
    state = client.get(answer.location, headers=bearer()).json
    assert (state["state"], state["options"]["song_column"]) == ("queued", "Titel")


def test_numbers_may_come_as_numbers_and_null_finds_out(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn
) -> None:
    job_id = job_in(JobState.FAILED, options=JobOptions(quote="none"))
    sent = {"header_line": 3, "song_column": 2, "quote": None}
    answer = client.post(f"/api/v1/jobs/{job_id}/runs", headers=bearer(), json=sent)
    assert options_of(app, answer.json["id"]) == {"bad_rows": "stop", "header_line": "3", "song_column": "2"}


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"data": {}}])
def test_without_options_it_is_the_same_once_more(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, body: dict[str, Any]
) -> None:
    job_id = job_in(JobState.DONE, options=JobOptions(quote="none"))
    answer = client.post(f"/api/v1/jobs/{job_id}/runs", headers=bearer(), **body)
    assert (answer.status_code, options_of(app, answer.json["id"])) == (202, {"bad_rows": "stop", "quote": "none"})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"json": {"quote": "'"}}, "quote should be double, single or none"),
        ({"json": {"header_line": 0}}, "header_line should be the number of a line from 1, or none"),
        ({"json": {"header_line": True}}, "header_line should be"),
        ({"json": {"song_column": ["a"]}}, "song_column should be"),
        ({"json": {"date_column": "\ud800"}}, "date_column should be"),
        ({"json": {"separator": ";"}}, "There is no option 'separator'"),
        ({"data": {"separator": ";"}}, "There is no option 'separator'"),
        ({"data": {"quote": "'"}}, "quote should be"),
        ({"data": '{"quote": "none"}', "content_type": "application/x-www-form-urlencoded"}, "There is no option '{"),
        ({"json": ["quote"]}, "Send options as a JSON object or as form fields."),
        ({"data": "null", "content_type": "application/json"}, "Send options as a JSON object"),
        ({"data": "{", "content_type": "application/json"}, "Send options as a JSON object"),
        ({"data": "[" * 100_000, "content_type": "application/json"}, "Send options as a JSON object"),
        ({"data": "quote=none", "content_type": "text/plain"}, "Send options as a JSON object"),
    ],
)
def test_what_is_no_option_is_400_with_a_sentence_and_no_job(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, body: dict[str, Any], sentence: str
) -> None:
    job_id = job_in(JobState.DONE)
    answer = client.post(f"/api/v1/jobs/{job_id}/runs", headers=bearer(), **body)
    assert (answer.status_code, answer.json["type"]) == (400, "BadRequestException")
    assert answer.json["message"].startswith(sentence)
    with app.app_context():
        assert db.session.query(Job).count() == 1


def test_a_wrong_option_is_named_for_scripts(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    answer = client.post(f"/api/v1/jobs/{job_in(JobState.DONE)}/runs", headers=bearer(), json={"quote": "'"})
    assert answer.json["option"] == "quote"


@pytest.mark.parametrize("state", JobState)
def test_only_a_job_that_has_ended_and_has_its_file_is_run_again(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState
) -> None:
    answer = client.post(f"/api/v1/jobs/{job_in(state)}/runs", headers=bearer())
    if state in UNFINISHED:
        assert (answer.status_code, answer.json["type"]) == (409, "ConflictException")
        assert answer.json["message"].startswith(STATES[state].sentence)
        assert int(answer.headers["Retry-After"]) >= 1
    elif state is JobState.EXPIRED:
        assert (answer.status_code, answer.json["type"]) == (410, "GoneException")
    else:
        assert answer.status_code == 202


def test_a_file_that_vanished_is_gone(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, files: Files
) -> None:
    job_id = job_in(JobState.FAILED)
    with app.app_context():
        files.remove_upload(db.session.get_one(Job, job_id).upload_id)
    assert client.post(f"/api/v1/jobs/{job_id}/runs", headers=bearer()).status_code == 410
