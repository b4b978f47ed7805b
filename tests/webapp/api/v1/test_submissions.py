"""Sending files to the newer API, and running them again."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from processing.sentences import refusal
from store.database import db
from store.files import Files
from store.models import Job, Upload
from tests.webapp.api.v1.asking import JOBS, SITE, in_queue, jobs_in, kind_of, options_of

Bearer = Callable[..., dict[str, str]]

CSV = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def form(content: bytes = CSV, **fields: str) -> dict[str, Any]:
    return {**fields, "file": (io.BytesIO(content), "märz.csv")}


@pytest.mark.parametrize("as_form", [True, False])
def test_a_file_is_202_with_its_job_and_its_place(
    app: Flask, client: FlaskClient, bearer: Bearer, redis: Redis, files: Files, as_form: bool
) -> None:
    if as_form:
        answer = client.post(JOBS, headers=bearer(), data=form(bad_rows="skip"))
    else:
        address = f"{JOBS}?file_name=m%C3%A4rz.csv&bad_rows=skip"
        answer = client.post(address, headers=bearer(), data=CSV, content_type="text/csv; charset=utf-8")
    assert answer.status_code == 202
    job_id = answer.json["id"]
    assert answer.location == f"{SITE}{JOBS}/{job_id}"
    assert int(answer.headers["Retry-After"]) >= 1
    assert (answer.json["state"], answer.json["file_name"], answer.json["file_bytes"]) == (
        "queued",
        "märz.csv",
        len(CSV),
    )
    assert answer.json == client.get(answer.location, headers=bearer()).json
    assert options_of(app, job_id) == {"bad_rows": "skip"}
    assert in_queue(redis) == [[job_id, 1]]
    with app.app_context():
        assert files.upload(db.session.get_one(Job, job_id).upload_id).read_bytes() == CSV


@pytest.mark.parametrize(
    "kind", ["application/octet-stream", "application/gzip", "application/zip", "text/plain", None]
)
def test_a_body_may_come_under_any_type_that_a_csv_has(client: FlaskClient, bearer: Bearer, kind: str | None) -> None:
    answer = client.post(JOBS, headers=bearer(), data=CSV, content_type=kind)
    assert (answer.status_code, answer.json["file_name"]) == (202, "upload.csv")


def test_what_the_address_says_holds_for_a_form_too_unless_the_form_says_otherwise(
    app: Flask, client: FlaskClient, bearer: Bearer
) -> None:
    address = f"{JOBS}?quote=none&bad_rows=skip"
    answer = client.post(address, headers=bearer(), data=form(bad_rows="stop"))
    assert options_of(app, answer.json["id"]) == {"bad_rows": "stop", "quote": "none"}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "image/png", "x"])
def test_another_type_is_415_and_says_what_to_send(app: Flask, client: FlaskClient, bearer: Bearer, kind: str) -> None:
    answer = client.post(JOBS, headers=bearer(), data=CSV, content_type=kind)
    assert (answer.status_code, kind_of(answer)) == (415, "not-a-csv")
    assert "text/csv" in answer.json["detail"]
    assert jobs_in(app) == 0


@pytest.mark.parametrize("as_form", [True, False])
def test_a_workbook_is_415_by_its_first_bytes_and_leaves_nothing(
    app: Flask, client: FlaskClient, bearer: Bearer, files: Files, as_form: bool
) -> None:
    body: dict[str, Any] = {"data": form(WORKBOOK)} if as_form else {"data": WORKBOOK, "content_type": "text/csv"}
    answer = client.post(JOBS, headers=bearer(), **body)
    assert (answer.status_code, kind_of(answer)) == (415, "not-a-csv")
    assert answer.json["detail"] == refusal("not_a_csv.xls", {})
    assert jobs_in(app) == 0
    assert list(files.incoming_files()) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"data": {"bad_rows": "skip"}, "content_type": "multipart/form-data"}, "bad-request"),
        ({"data": {"file": [(io.BytesIO(CSV), "a.csv"), (io.BytesIO(CSV + CSV), "b.csv")]}}, "bad-request"),
        ({"data": b"", "content_type": "text/csv"}, "empty-file"),
        ({"data": {"file": (io.BytesIO(b""), "a.csv")}}, "empty-file"),
        ({"data": b"no form", "content_type": "multipart/form-data; boundary=x"}, "bad-request"),
    ],
)
def test_without_one_file_that_has_something_in_it_there_is_no_job(
    app: Flask, client: FlaskClient, bearer: Bearer, body: dict[str, Any], kind: str
) -> None:
    answer = client.post(JOBS, headers=bearer(), **body)
    assert (answer.status_code, kind_of(answer)) == (400, kind)
    assert jobs_in(app) == 0


@pytest.mark.parametrize("as_form", [True, False])
@pytest.mark.parametrize(("option", "value"), [("quote", "'"), ("separator", ";"), ("bad_rows", "maybe")])
def test_a_wrong_option_is_named_with_what_it_may_be_and_the_file_is_not_kept(
    app: Flask, client: FlaskClient, bearer: Bearer, files: Files, as_form: bool, option: str, value: str
) -> None:
    if as_form:
        answer = client.post(JOBS, headers=bearer(), data=form(**{option: value}))
    else:
        answer = client.post(JOBS, headers=bearer(), data=CSV, content_type="text/csv", query_string={option: value})
    assert (answer.status_code, kind_of(answer)) == (400, "wrong-option")
    assert [(error["option"], error["value"]) for error in answer.json["errors"]] == [(option, value)]
    assert jobs_in(app) == 0
    assert list(files.incoming_files()) == []


def test_an_option_behind_the_file_counts_as_well(app: Flask, client: FlaskClient, bearer: Bearer) -> None:
    data = {"file": (io.BytesIO(CSV), "a.csv"), "quote": "none"}
    assert options_of(app, client.post(JOBS, headers=bearer(), data=data).json["id"])["quote"] == "none"
    wrong = client.post(JOBS, headers=bearer(), data={"file": (io.BytesIO(CSV * 2), "a.csv"), "quote": "'"})
    assert (wrong.status_code, kind_of(wrong), jobs_in(app)) == (400, "wrong-option", 1)


def test_the_same_file_again_is_409_with_its_job(client: FlaskClient, bearer: Bearer) -> None:
    first = client.post(JOBS, headers=bearer(), data=form())
    again = client.post(JOBS, headers=bearer(), data=CSV, content_type="text/csv")
    assert (again.status_code, kind_of(again)) == (409, "already-sent")
    assert (again.json["job"], again.location) == (first.json["id"], first.location)
    assert client.post(JOBS, headers=bearer("bert"), data=form()).status_code == 202


def test_the_same_key_again_is_answered_with_the_same_job(
    app: Flask, client: FlaskClient, bearer: Bearer, redis: Redis
) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first, again = [client.post(JOBS, headers=bearer() | headers, data=form(bad_rows="skip")) for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json["id"], first.location) == (again.json["id"], again.location)
    assert (jobs_in(app), len(in_queue(redis))) == (1, 1)
    other = client.post(JOBS, headers=bearer("bert") | headers, data=form())
    assert (other.status_code, other.json["id"] == first.json["id"]) == (202, False)


@pytest.mark.parametrize("body", [{"data": form(CSV + b"x,2020-01-01,1\n")}, {"data": form(quote="none")}])
def test_the_same_key_for_something_else_is_422(
    app: Flask, client: FlaskClient, bearer: Bearer, files: Files, body: dict[str, Any]
) -> None:
    headers = bearer() | {"Idempotency-Key": "order-1"}
    client.post(JOBS, headers=headers, data=form())
    again = client.post(JOBS, headers=headers, **body)
    assert (again.status_code, kind_of(again), jobs_in(app)) == (422, "key-used", 1)
    assert list(files.incoming_files()) == []


@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 65, "a b"])
def test_a_key_that_is_none_is_400(client: FlaskClient, bearer: Bearer, key: str) -> None:
    headers = [*bearer().items(), ("Idempotency-Key", key)]
    answer = client.post(JOBS, headers=headers, data=form())
    assert (answer.status_code, kind_of(answer)) == (400, "bad-request")
    assert answer.json["errors"][0]["option"] == "Idempotency-Key"


@pytest.mark.parametrize("key", [None, "order-1"])
def test_of_twenty_at_once_one_makes_the_job_and_all_name_it(
    app: Flask, bearer: Bearer, redis: Redis, key: str | None
) -> None:
    headers = bearer() | ({"Idempotency-Key": key} if key else {})
    answers: list[Any] = []

    def send() -> None:
        answers.append(app.test_client().post(JOBS, headers=headers, data=form()))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(answer.status_code for answer in answers)
    assert codes == ([202] * 20 if key else [202] + [409] * 19)
    assert len({answer.json.get("job") or answer.json["id"] for answer in answers}) == 1
    with app.app_context():
        assert (db.session.query(Job).count(), db.session.query(Upload).count()) == (1, 1)
    assert len(in_queue(redis)) == 1
