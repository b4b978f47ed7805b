"""Askings that are counted: log-ins and uploads, and what they are answered."""

from __future__ import annotations

import io

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.webapp.conftest import form_token

CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,%d\n"


def log_in(
    client: FlaskClient, username: str = "anna", password: str = "wrong horse", address: str = ""
) -> TestResponse:
    environ = {"REMOTE_ADDR": address} if address else {}
    body = {"username": username, "password": password}
    return client.post("/api/login/", json=body, environ_overrides=environ)


def send(client: FlaskClient, address: str, headers: dict[str, str], number: int = 1) -> TestResponse:
    data = {"bad_rows": "stop", "file": (io.BytesIO(CONTENT % number), "plays.csv")}
    return client.post(address, data=data, headers=headers)


def codes(answers: list[TestResponse]) -> list[int]:
    return [answer.status_code for answer in answers]


def fail(client: FlaskClient, times: int, **more: str) -> list[int]:
    return codes([log_in(client, **more) for _ in range(times)])


def sign_in_by_page(client: FlaskClient, username: str = "anna", password: str = "wrong horse") -> TestResponse:
    token = form_token(client.get("/sign-in").text)
    return client.post("/sign-in", data={"username": username, "password": password, "csrf_token": token})
