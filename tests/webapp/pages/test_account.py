"""Signing in and out, and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from store import tokens
from store.accounts import SENTENCES
from store.database import db, now
from store.models import Account
from tests.webapp.elements import text_of
from webapp.errors.handlers import FORGED
from webapp.security.rate_limits import WRONG_SIGN_IN


def token_of(page: str) -> str:
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


def try_to_sign_in(client: FlaskClient, where: str = "/sign-in", **fields: str) -> TestResponse:
    token = token_of(client.get(where).text)
    data = {"username": "anna", "password": "correct horse", "csrf_token": token} | fields
    return client.post(where, data=data)


def test_whoever_is_not_signed_in_is_led_to_the_form_and_back(client: FlaskClient) -> None:
    answer = client.get("/files?show=done")
    assert answer.status_code == 303
    assert try_to_sign_in(client, answer.location).location == "/files?show=done"


def test_the_home_page_is_the_way_on_after_signing_in(client: FlaskClient) -> None:
    answer = try_to_sign_in(client)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/sign-in").location == "/"


@pytest.mark.parametrize("fields", [{"password": "wrong horse"}, {"username": "nobody"}, {"password": ""}])
def test_a_wrong_name_and_a_wrong_password_look_alike(client: FlaskClient, fields: dict[str, str]) -> None:
    answer = try_to_sign_in(client, **fields)
    assert answer.status_code == 400
    assert text_of(answer.text, "problem") == WRONG_SIGN_IN
    assert client.get("/files").status_code == 303


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/%0a/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:evil.example",
        "\\\\evil.example",
    ],
)
def test_nobody_is_led_off_the_site(client: FlaskClient, evil: str) -> None:
    assert try_to_sign_in(client, f"/sign-in?next={evil}").location == "/"
    assert client.get(f"/sign-in?next={evil}").location == "/"


def test_a_form_without_its_token_signs_nobody_in(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={"username": "anna", "password": "correct horse"})
    assert answer.status_code == 400
    assert FORGED in unescape(answer.text)
    assert client.get("/files").status_code == 303


def test_signing_out_ends_the_session(signed_in: FlaskClient) -> None:
    assert signed_in.get("/sign-out").status_code == 405
    assert signed_in.post("/sign-out").location == "/sign-in"
    assert signed_in.get("/files").status_code == 303


def test_a_disabled_account_is_signed_out_at_its_next_request(app: Flask, signed_in: FlaskClient) -> None:
    assert signed_in.get("/files").status_code == 200
    with app.app_context():
        db.session.query(Account).filter_by(username="anna").update({"disabled_at": now()})
        db.session.commit()
    assert signed_in.get("/files").location.startswith("/sign-in")


def test_a_changed_password_ends_all_other_sessions_and_tokens(
    app: Flask, sign_in: Callable[[str], FlaskClient], bearer: Callable[..., dict[str, str]]
) -> None:
    here, there, script = sign_in("anna"), sign_in("anna"), bearer("anna")
    answer = here.post("/account", data={"present": "correct horse", "wanted": "battery staple"})
    assert answer.status_code == 303
    assert '<p class="notice" role="status">' in here.get("/account").text
    assert there.get("/account").status_code == 303
    with app.app_context():
        assert tokens.holder_of(script["Authorization"].removeprefix("Bearer "), "access") is None


def test_the_form_asks_for_both_passwords_in_plain_words(signed_in: FlaskClient) -> None:
    page = signed_in.get("/account").text
    assert 'autocomplete="current-password"' in page
    assert 'autocomplete="new-password"' in page
    assert "Present" not in page


@pytest.mark.parametrize(
    ("present", "wanted", "code"),
    [
        ("wrong", "battery staple", "password_wrong"),
        ("correct horse", "short", "password_too_short"),
        ("correct horse", "x" * 257, "password_too_long"),
    ],
)
def test_a_password_is_not_changed_without_the_present_one_or_for_a_short_one(
    signed_in: FlaskClient, present: str, wanted: str, code: str
) -> None:
    answer = signed_in.post("/account", data={"present": present, "wanted": wanted})
    assert answer.status_code == 400
    assert text_of(answer.text, "problem") == SENTENCES[code]
