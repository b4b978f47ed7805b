"""Tokens at the API: logging in, and what tokens of each kind and scope may do."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from store import tokens
from store.database import db, now
from store.models import Token
from store.states import JobState
from tests.webapp.conftest import account_id

ANNA = {"username": "anna", "password": "correct horse"}
CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
NOBODY = "0" * 32
MakeToken = Callable[..., dict[str, str]]
# Every call that changes something, with what it answers to someone who may, where there is no such job.
CHANGING = {
    ("POST", f"/api/v1/jobs/{NOBODY}/runs"): 404,
    ("POST", f"/api/v1/jobs/{NOBODY}/cancel"): 404,
    ("DELETE", f"/api/v1/jobs/{NOBODY}"): 404,
    ("POST", "/api/v1/jobs"): 400,
    ("POST", "/api/v1/uploads"): 412,
    ("PATCH", f"/api/v1/uploads/{NOBODY}"): 412,
    ("DELETE", f"/api/v1/uploads/{NOBODY}"): 412,
    ("POST", "/api/process_file/"): 400,
}


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


@pytest.fixture
def personal(app: Flask) -> MakeToken:
    """Gives the header for a personal token of anna's."""

    def header(scopes: str = "read", days: int | None = 30) -> dict[str, str]:
        with app.app_context():
            made = tokens.make(account_id("anna"), f"{scopes} {days}", scopes, days)
            return {"Authorization": f"Bearer {made.secret}"}

    return header


def send(client: FlaskClient, address: str, headers: dict[str, str]) -> TestResponse:
    return client.post(address, data={"file": (io.BytesIO(CONTENT), "plays.csv")}, headers=headers)


def test_a_refresh_token_works_again_until_it_is_revoked(app: Flask, client: FlaskClient) -> None:
    refresh = log_in(client)["refresh"]
    for _ in range(2):
        answer = client.post("/api/refresh/", json={"refresh": refresh})
        assert (answer.status_code, set(answer.json)) == (200, {"access"})
    with app.app_context():
        tokens.revoke_all(account_id("anna"))
    assert client.post("/api/refresh/", json={"refresh": refresh}).status_code == 401


def test_a_personal_token_of_both_scopes_sends_files_and_asks_for_them(
    client: FlaskClient, personal: MakeToken
) -> None:
    headers = personal("read write", None)
    assert send(client, "/api/process_file/", headers).status_code == 201
    assert send(client, "/api/v1/jobs", headers).status_code == 409
    (job,) = client.get("/api/v1/jobs", headers=headers).json["items"]
    assert client.get(f"/api/csv_task_result/{job['id']}/", headers=headers).status_code == 425
    assert client.delete(f"/api/v1/jobs/{job['id']}", headers=headers).status_code == 204


def test_a_personal_token_for_reading_reads(
    client: FlaskClient, personal: MakeToken, job_in: Callable[..., str]
) -> None:
    job_id, headers = job_in(JobState.DONE), personal("read")
    for address in (f"/api/csv_task_result/{job_id}/", f"/api/input_files/{job_id}/", f"/api/v1/jobs/{job_id}/parts"):
        for method in ("GET", "HEAD"):
            with client.open(address, method=method, headers=headers) as answer:
                assert answer.status_code == 200, (method, address)
    assert client.options("/api/v1/jobs", headers=headers).status_code == 200


@pytest.mark.parametrize(("method", "address"), CHANGING)
def test_what_changes_something_wants_the_scope_write(
    client: FlaskClient, personal: MakeToken, method: str, address: str
) -> None:
    refused = client.open(address, method=method, headers=personal("read"))
    assert refused.status_code == 403
    said = refused.headers["WWW-Authenticate"]
    assert said.startswith("Bearer ")
    assert 'error="insufficient_scope"' in said
    assert 'scope="write"' in said
    if address.startswith("/api/v1/"):
        assert refused.content_type == "application/problem+json"
        assert refused.json["type"].endswith("#not-allowed")
        assert "write" in refused.json["detail"]
    else:
        assert (set(refused.json), refused.json["type"]) == ({"message", "type"}, "ForbiddenException")
        assert "write" in refused.json["message"]
    allowed = client.open(address, method=method, headers=personal("read write"))
    assert allowed.status_code == CHANGING[method, address]


def test_no_call_that_changes_something_is_missing_above(app: Flask) -> None:
    found = {
        (method, re.sub("<[a-z]+_id>", NOBODY, rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not rule.endpoint.startswith("api_tokens.")
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
    }
    assert found == set(CHANGING)


def test_a_call_without_a_token_is_told_how_and_one_with_a_wrong_token_what_is_wrong(client: FlaskClient) -> None:
    for address in ("/api/v1/jobs", f"/api/csv_task_result/{NOBODY}/"):
        nothing = client.get(address)
        wrong = client.get(address, headers={"Authorization": "Bearer ptly_made_up"})
        assert (nothing.status_code, wrong.status_code) == (401, 401)
        assert nothing.headers["WWW-Authenticate"].startswith("Bearer ")
        assert "error" not in nothing.headers["WWW-Authenticate"]
        assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


def test_a_refresh_token_or_a_personal_one_is_no_other(client: FlaskClient, personal: MakeToken) -> None:
    refresh = log_in(client)["refresh"]
    assert client.get("/api/v1/jobs", headers={"Authorization": f"Bearer {refresh}"}).status_code == 401
    secret = personal("read write")["Authorization"].partition(" ")[2]
    assert client.post("/api/refresh/", json={"refresh": secret}).status_code == 401


def test_a_personal_token_opens_no_page(client: FlaskClient, personal: MakeToken) -> None:
    headers = personal("read write")
    for address in ("/", "/files", "/account"):
        assert client.get(address, headers=headers).status_code == 303
