"""Naming a webhook for a job, and seeing how far its delivery has come."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common.settings import Settings
from store import webhooks
from store.database import db
from store.models import Job, Webhook
from store.states import JobState
from store.webhooks import Delivery
from tests.webapp.conftest import JobIn, MakeApp

URL = "https://receiver.example/hook?for=plays"
PLAYS = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
WRONG = [
    "ftp://receiver.example/",
    "https://",
    "https://anna:secret@receiver.example/",
    "https://receiver.example/" + "a" * 2000,
    "http://localhost:8000/",
    "http://127.0.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:10.0.0.1]/",
]
Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def script(app: Flask, bearer: Bearer) -> FlaskClient:
    """A script of anna's."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer()["Authorization"]
    return client


def send_form(script: FlaskClient, content: bytes = PLAYS, **fields: str) -> TestResponse:
    """Fields stand before the file."""
    data = {**fields, "file": (io.BytesIO(content), "plays.csv")}
    return script.post("/api/v1/jobs", data=data, content_type="multipart/form-data")


def webhook_of(answer: TestResponse) -> Any:
    assert answer.status_code in (200, 202), answer.text
    return answer.get_json()["webhook"]


WAITING = {"url": URL, "state": "waiting", "tries": 0, "last_problem": None, "delivered_at": None}


def test_a_form_names_a_webhook_beside_its_options(script: FlaskClient, app: Flask) -> None:
    answer = send_form(script, webhook_url=URL, bad_rows="skip")
    assert webhook_of(answer) == WAITING
    assert answer.get_json()["options"]["bad_rows"] == "skip"
    assert "webhook_url" not in answer.get_json()["options"]
    assert webhook_of(script.get(answer.location)) == WAITING
    with app.app_context():
        assert db.session.get_one(Job, answer.get_json()["id"]).options == {"bad_rows": "skip"}


def test_a_field_behind_the_file_counts_as_well(script: FlaskClient) -> None:
    data = {"file": (io.BytesIO(PLAYS), "plays.csv"), "webhook_url": URL}
    answer = script.post("/api/v1/jobs", data=data, content_type="multipart/form-data")
    assert webhook_of(answer) == WAITING
    data = {"file": (io.BytesIO(PLAYS + b"a,2020-01-01,1\n"), "plays.csv"), "webhook_url": "http://127.0.0.1/"}
    answer = script.post("/api/v1/jobs", data=data, content_type="multipart/form-data")
    assert answer.status_code == 400


def test_a_raw_body_names_it_in_the_address(script: FlaskClient) -> None:
    query = {"webhook_url": URL, "file_name": "plays.csv"}
    answer = script.post("/api/v1/jobs", query_string=query, data=PLAYS, content_type="text/csv")
    assert webhook_of(answer) == WAITING
    answer = script.post(
        "/api/v1/jobs", query_string={"webhook_url": WRONG[0]}, data=PLAYS + b"\n", content_type="text/csv"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("fields", [{}, {"webhook_url": ""}])
def test_without_an_address_there_is_none(script: FlaskClient, fields: dict[str, str]) -> None:
    assert webhook_of(send_form(script, **fields)) is None


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_address_is_named_and_nothing_is_kept(script: FlaskClient, app: Flask, url: str) -> None:
    answer = send_form(script, webhook_url=url)
    assert answer.status_code == 400
    problem = answer.get_json()
    assert problem["type"].endswith("#wrong-option")
    (error,) = problem["errors"]
    assert error["option"] == "webhook_url"
    assert error["value"] == url[:60]
    assert problem["detail"].startswith("webhook_url should")
    assert script.get("/api/v1/jobs").get_json()["items"] == []


def test_a_site_of_an_inner_network_may_allow_its_own_addresses(
    another_app: MakeApp, app: Flask, settings: Settings, bearer: Bearer
) -> None:
    inner = another_app(replace(settings, webhooks_to_private=True)).test_client()
    inner.environ_base["HTTP_AUTHORIZATION"] = bearer()["Authorization"]
    url = "http://10.0.0.1:8080/hook"
    assert webhook_of(send_form(inner, webhook_url=url))["url"] == url


@pytest.mark.parametrize("kind", ["json", "data"])
def test_another_run_has_the_webhook_that_it_names_and_none_otherwise(
    script: FlaskClient, job_in: JobIn, kind: str
) -> None:
    runs = f"/api/v1/jobs/{job_in(JobState.DONE, webhook_url=URL)}/runs"
    again = script.post(runs, **{kind: {"webhook_url": URL, "bad_rows": "skip"}})
    assert webhook_of(again) == WAITING
    assert again.get_json()["options"]["bad_rows"] == "skip"
    assert webhook_of(script.post(runs)) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1/", ["https://a.example"], {"a": 1}, True, 5])
def test_another_run_refuses_what_is_no_address(script: FlaskClient, job_in: JobIn, url: Any) -> None:
    answer = script.post(f"/api/v1/jobs/{job_in(JobState.DONE)}/runs", json={"webhook_url": url})
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["option"] == "webhook_url"
    assert answer.get_json()["type"].endswith("#wrong-option")


def test_null_means_none(script: FlaskClient, job_in: JobIn) -> None:
    answer = script.post(f"/api/v1/jobs/{job_in(JobState.DONE)}/runs", json={"webhook_url": None})
    assert webhook_of(answer) is None


def test_the_same_key_with_another_webhook_is_another_request(script: FlaskClient) -> None:
    script.environ_base["HTTP_IDEMPOTENCY_KEY"] = "one"
    first = send_form(script, webhook_url=URL)
    assert send_form(script, webhook_url=URL).get_json()["id"] == first.get_json()["id"]
    assert send_form(script, webhook_url=f"{URL}2").status_code == 422
    assert send_form(script).status_code == 422


def test_the_job_shows_how_far_its_delivery_has_come(script: FlaskClient, job_in: JobIn, app: Flask) -> None:
    job_id = job_in(JobState.DONE, webhook_url=URL)

    def shown() -> Any:
        return webhook_of(script.get(f"/api/v1/jobs/{job_id}"))

    with app.app_context():
        webhooks.record_failed(claimed(job_id, 0), "Nobody listens there.")
    assert shown() == WAITING | {"tries": 1, "last_problem": "Nobody listens there."}
    with app.app_context():
        webhooks.record_delivered(claimed(job_id, 1))
    delivered = shown()
    assert delivered["delivered_at"].endswith("Z")
    assert delivered == WAITING | {"state": "delivered", "tries": 2, "delivered_at": delivered["delivered_at"]}


def test_what_was_given_up_says_so_and_why(script: FlaskClient, job_in: JobIn, app: Flask) -> None:
    job_id = job_in(JobState.CANCELLED, webhook_url=URL)
    with app.app_context():
        webhooks.record_failed(claimed(job_id, 0), "It is gone.", is_last=True)
    shown = webhook_of(script.get(f"/api/v1/jobs/{job_id}"))
    assert shown == WAITING | {"state": "given_up", "tries": 1, "last_problem": "It is gone."}


def claimed(job_id: str, tries: int) -> Delivery:
    hook = db.session.query(Webhook).filter_by(job_id=job_id).one()
    delivery = webhooks.claim_try(hook.id, tries)
    assert delivery is not None
    return delivery


def test_the_document_tells_of_webhooks(client: FlaskClient, app: Flask) -> None:
    document = client.get("/api/schema/").get_json()
    schemas = document["components"]["schemas"]
    assert set(schemas["Webhook"]["properties"]) == set(WAITING)
    assert "webhook_url" not in schemas["Options"]["properties"]
    create = document["paths"]["/api/v1/jobs"]["post"]
    assert "webhook_url" in [parameter.get("name") for parameter in create["parameters"]]
    form = create["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert "webhook_url" in form["properties"]
    runs = document["paths"]["/api/v1/jobs/{job_id}/runs"]["post"]["requestBody"]["content"]["application/json"]
    assert runs["schema"]["$ref"].endswith("/RunOptions")
    assert "webhook_url" in schemas["RunOptions"]["properties"]
