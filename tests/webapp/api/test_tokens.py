"""Logging in by the API: the rows of the table that make tokens."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from store.database import db, now
from store.models import Token

ANNA = {"username": "anna", "password": "correct horse"}


def log_in(client: FlaskClient) -> dict[str, str]:
    answer = client.post("/api/login/", json=ANNA)
    assert answer.status_code == 200
    return dict(answer.json)


def accepted(client: FlaskClient, access: str) -> bool:
    """Whether the token opens the door; behind it the job is unknown."""
    answer = client.get(f"/api/csv_task_result/{'0' * 32}/", headers={"Authorization": f"Bearer {access}"})
    return answer.status_code == 404


def test_name_and_password_give_two_tokens_and_no_cookie(client: FlaskClient) -> None:
    answer = client.post("/api/login/", json=ANNA)
    assert (answer.status_code, set(answer.json)) == (200, {"access", "refresh"})
    assert "Set-Cookie" not in answer.headers
    assert accepted(client, answer.json["access"])


def test_a_form_logs_in_as_well(client: FlaskClient) -> None:
    assert client.post("/api/login/", data=ANNA).status_code == 200


@pytest.mark.parametrize("wrong", [{"password": "wrong horse"}, {"username": "nobody"}])
def test_a_wrong_password_is_401(client: FlaskClient, wrong: dict[str, str]) -> None:
    answer = client.post("/api/login/", json=ANNA | wrong)
    assert (answer.status_code, answer.json["type"]) == (401, "UnauthorizedException")
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("body", [{}, {"username": "anna"}, {"username": 1, "password": []}, [], "anna", None])
def test_a_login_without_its_two_words_is_400(client: FlaskClient, body: Any) -> None:
    answer = client.post("/api/login/", json=body)
    assert (answer.status_code, answer.json["type"]) == (400, "BadRequestException")


def test_broken_json_is_400(client: FlaskClient) -> None:
    assert client.post("/api/login/", data="{", content_type="application/json").status_code == 400


def test_a_refresh_token_gives_a_new_access_token(client: FlaskClient) -> None:
    answer = client.post("/api/refresh/", json={"refresh": log_in(client)["refresh"]})
    assert (answer.status_code, set(answer.json)) == (200, {"access"})
    assert accepted(client, answer.json["access"])


def test_each_kind_of_token_opens_its_own_door_only(client: FlaskClient) -> None:
    tokens = log_in(client)
    assert not accepted(client, tokens["refresh"])
    assert client.post("/api/refresh/", json={"refresh": tokens["access"]}).status_code == 401
    assert client.post("/api/refresh/", json={"refresh": "made up"}).status_code == 401


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
def test_a_token_that_is_over_opens_nothing(app: Flask, client: FlaskClient, column: str) -> None:
    tokens = log_in(client)
    with app.app_context():
        db.session.query(Token).update({column: now()})
        db.session.commit()
    assert not accepted(client, tokens["access"])
    assert client.post("/api/refresh/", json={"refresh": tokens["refresh"]}).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YW5uYTp4", "Bearer nonsense", "Token x"])
def test_whatever_is_no_bearer_token_is_401(client: FlaskClient, header: str) -> None:
    answer = client.get(f"/api/csv_task_result/{'0' * 32}/", headers={"Authorization": header})
    assert (answer.status_code, answer.json["type"]) == (401, "UnauthorizedException")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
