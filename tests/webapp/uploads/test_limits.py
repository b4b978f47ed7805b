"""How many files an account may send in a minute."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from common.settings import Settings
from tests.accounts import PASSWORD
from tests.webapp.asking import codes, send, sign_in_by_page
from tests.webapp.conftest import MakeApp, form_token

Bearer = Callable[..., dict[str, str]]
UPLOADS = {  # each call that takes files, with what it answers to one
    "/": 303,
    "/api/process_file/": 201,
    "/api/v1/jobs": 202,
}


@pytest.fixture
def of_three(app: Flask, settings: Settings, another_app: MakeApp) -> Flask:
    """An application that takes three uploads a minute."""
    return another_app(replace(settings, uploads_per_minute=3))


@pytest.mark.parametrize("address", UPLOADS)
def test_uploads_beyond_the_limit_are_refused_until_the_minute_is_over(
    of_three: Flask, bearer: Bearer, redis: Redis, address: str
) -> None:
    client, headers = of_three.test_client(), bearer()
    if address == "/":
        sign_in_by_page(client, password=PASSWORD)
        headers = {"X-CSRFToken": form_token(client.get("/").text), "Accept": "application/json"}
    taken = 200 if address == "/" else UPLOADS[address]
    answers = [send(client, address, headers, number) for number in range(4)]
    assert codes(answers) == [taken] * 3 + [429]
    assert [answer.headers["RateLimit-Policy"] for answer in answers] == ['"uploads";q=3;w=60'] * 4
    left = [re.fullmatch(r'"uploads";r=(\d);t=(\d+)', answer.headers["RateLimit"]) for answer in answers]
    assert [found and found[1] for found in left] == ["2", "1", "0", "0"]
    assert all(found and 50 <= int(found[2]) <= 60 for found in left)
    refused = answers[-1]
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    for key in redis.keys("LIMITS*"):
        redis.delete(key)
    assert send(client, address, headers, 5).status_code == taken


def test_uploads_of_all_kinds_count_together_and_by_account(of_three: Flask, bearer: Bearer) -> None:
    client, headers = of_three.test_client(), bearer()
    sent = [send(client, where, headers, n) for n, where in enumerate(["/api/process_file/", "/api/v1/jobs"] * 2)]
    assert codes(sent) == [201, 202, 201, 429]
    refused = sent[-1]
    assert refused.content_type == "application/problem+json"
    assert refused.json["type"].endswith("/help/problems#too-many")
    assert "Too many uploads. Please wait" in refused.json["detail"]
    older = send(client, "/api/process_file/", headers)
    assert (older.status_code, older.json["type"]) == (429, "TooManyRequestsException")
    assert send(client, "/api/v1/jobs", bearer("bert")).status_code == 202


def test_an_upload_is_refused_before_its_body_is_read(of_three: Flask, bearer: Bearer) -> None:
    class Body(io.BytesIO):
        """One that nobody should read."""

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    client, headers = of_three.test_client(), bearer()
    for number in range(3):
        send(client, "/api/v1/jobs", headers, number)
    for address in ("/api/v1/jobs", "/api/process_file/"):
        answer = client.post(
            address,
            headers=headers,
            content_type="multipart/form-data; boundary=b",
            environ_overrides={"wsgi.input": Body(), "CONTENT_LENGTH": "1000"},
        )
        assert answer.status_code == 429


def test_uploads_may_be_left_without_a_limit(
    app: Flask, settings: Settings, another_app: MakeApp, bearer: Bearer
) -> None:
    client = another_app(replace(settings, uploads_per_minute=0)).test_client()
    answers = [send(client, "/api/v1/jobs", bearer(), number) for number in range(3)]
    assert codes(answers) == [202] * 3
    assert "RateLimit" not in answers[0].headers


def test_by_default_three_hundred_files_may_be_sent_in_a_minute(client: FlaskClient, bearer: Bearer) -> None:
    answer = send(client, "/api/process_file/", bearer())
    assert answer.headers["RateLimit-Policy"] == '"uploads";q=300;w=60'
    assert re.fullmatch(r'"uploads";r=299;t=(60|5\d)', answer.headers["RateLimit"])
