"""Running a file of an earlier job again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from store.database import db
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import STATES, UNFINISHED, JobState
from tests.webapp.api.v1.asking import JOBS, SITE, in_queue, jobs_in, kind_of, options_of
from webapp.api.v1.bodies import NOT_OPTIONS

Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]


def test_of_runs_with_one_key_at_once_one_is_made_and_all_name_it(app: Flask, bearer: Bearer, job_in: JobIn) -> None:
    headers = bearer() | {"Idempotency-Key": "again"}
    for _ in range(5):
        address = f"{JOBS}/{job_in(JobState.DONE)}/runs"
        with ThreadPoolExecutor(10) as threads:
            sent = [threads.submit(app.test_client().post, address, headers=headers) for _ in range(10)]
            answers = [one.result() for one in sent]
        assert {answer.status_code for answer in answers} == {202}
        (again,) = {answer.json["id"] for answer in answers}
        app.test_client().delete(f"{JOBS}/{again}", headers=headers)


@pytest.mark.parametrize("as_form", [False, True])
def test_another_run_is_202_with_its_place_and_keeps_what_it_does_not_name(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, redis: Redis, as_form: bool
) -> None:
    job_id = job_in(JobState.FAILED, options=JobOptions(quote="none", encoding="cp1252", bad_rows="skip"))
    sent = {"encoding": "", "header_line": "3", "song_column": "Titel"}
    body: dict[str, Any] = {"data": sent} if as_form else {"json": sent}
    answer = client.post(f"{JOBS}/{job_id}/runs", headers=bearer(), **body)
    again = answer.json["id"]
    assert (answer.status_code, answer.location) == (202, f"{SITE}{JOBS}/{again}")
    expected = {"quote": "none", "bad_rows": "skip", "header_line": "3", "song_column": "Titel"}
    assert options_of(app, again) == expected
    assert in_queue(redis) == [[again, 1]]
    state = client.get(answer.location, headers=bearer()).json
    assert (state["state"], state["options"]["song_column"]) == ("queued", "Titel")


def test_numbers_may_come_as_numbers_and_null_finds_out(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn
) -> None:
    job_id = job_in(JobState.FAILED, options=JobOptions(quote="none"))
    sent = {"header_line": 3, "song_column": 2, "quote": None}
    answer = client.post(f"{JOBS}/{job_id}/runs", headers=bearer(), json=sent)
    assert options_of(app, answer.json["id"]) == {"bad_rows": "stop", "header_line": "3", "song_column": "2"}


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"data": {}}])
def test_without_options_it_is_the_same_once_more(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, body: dict[str, Any]
) -> None:
    job_id = job_in(JobState.DONE, options=JobOptions(quote="none"))
    answer = client.post(f"{JOBS}/{job_id}/runs", headers=bearer(), **body)
    assert (answer.status_code, options_of(app, answer.json["id"])) == (202, {"bad_rows": "stop", "quote": "none"})


def test_a_run_with_the_same_key_is_made_once(app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    address, headers = f"{JOBS}/{job_in(JobState.DONE)}/runs", bearer() | {"Idempotency-Key": "again"}
    first, second = [client.post(address, headers=headers, json={"quote": "none"}) for _ in range(2)]
    assert (first.status_code, second.status_code, first.json["id"]) == (202, 202, second.json["id"])
    other = client.post(address, headers=headers, json={"quote": "double"})
    assert (other.status_code, kind_of(other), jobs_in(app)) == (422, "key-used", 2)


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
        ({"json": ["quote"]}, NOT_OPTIONS),
        ({"data": "null", "content_type": "application/json"}, NOT_OPTIONS),
        ({"data": "{", "content_type": "application/json"}, NOT_OPTIONS),
        ({"data": "[" * 100_000, "content_type": "application/json"}, NOT_OPTIONS),
        ({"data": "quote=none", "content_type": "text/plain"}, NOT_OPTIONS),
    ],
)
def test_what_is_no_option_is_400_with_a_sentence_and_no_job(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, body: dict[str, Any], sentence: str
) -> None:
    answer = client.post(f"{JOBS}/{job_in(JobState.DONE)}/runs", headers=bearer(), **body)
    assert answer.status_code == 400
    assert kind_of(answer) in ("wrong-option", "bad-request")
    assert answer.json["detail"].startswith(sentence)
    assert jobs_in(app) == 1


@pytest.mark.parametrize("state", JobState)
def test_only_a_job_that_has_ended_and_has_its_file_is_run_again(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState
) -> None:
    answer = client.post(f"{JOBS}/{job_in(state)}/runs", headers=bearer())
    if state in UNFINISHED:
        assert (answer.status_code, kind_of(answer)) == (409, "not-ended")
        assert answer.json["detail"].startswith(STATES[state].sentence)
        assert int(answer.headers["Retry-After"]) >= 1
    elif state is JobState.EXPIRED:
        assert (answer.status_code, kind_of(answer)) == (410, "expired")
    else:
        assert answer.status_code == 202


def test_a_file_that_vanished_is_gone(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, files: Files
) -> None:
    job_id = job_in(JobState.FAILED)
    with app.app_context():
        files.remove_upload(db.session.get_one(Job, job_id).upload_id)
    answer = client.post(f"{JOBS}/{job_id}/runs", headers=bearer())
    assert (answer.status_code, kind_of(answer)) == (410, "expired")
