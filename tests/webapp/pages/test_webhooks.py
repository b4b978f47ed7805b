"""The secret of an account's webhooks: shown when it is asked for, and replaced."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from store import webhooks
from tests.webapp.conftest import account_id, form_token

SHOW, RENEW = "/account/webhooks", "/account/webhooks/new-secret"


def secret_in(page: str) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    assert found is not None
    return found[0]


def test_the_account_page_has_a_part_for_webhooks_that_shows_no_secret(signed_in: FlaskClient) -> None:
    page = signed_in.get("/account").text
    assert "<h2>Webhooks</h2>" in page
    assert f'action="{SHOW}"' in page
    assert f'action="{RENEW}"' in page
    assert "whsec_" not in page


def test_the_secret_is_made_and_shown_at_the_press_of_a_button(signed_in: FlaskClient, app: Flask) -> None:
    answer = signed_in.post(SHOW)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret_in(answer.text) == secret_in(signed_in.post(SHOW).text)
    with app.app_context():
        assert secret_in(answer.text) == webhooks.secret_of(account_id("anna"))


def test_a_new_secret_takes_the_place_of_the_one_before(signed_in: FlaskClient) -> None:
    before = secret_in(signed_in.post(SHOW).text)
    renewed = signed_in.post(RENEW)
    assert (renewed.status_code, renewed.location) == (303, "/account")
    assert '<p class="notice" role="status">' in signed_in.get("/account").text
    assert secret_in(signed_in.post(SHOW).text) != before


def test_everyone_has_a_secret_of_their_own(sign_in: Callable[[str], FlaskClient]) -> None:
    assert secret_in(sign_in("anna").post(SHOW).text) != secret_in(sign_in("bert").post(SHOW).text)


def test_the_page_works_as_a_plain_form(signed_in: FlaskClient) -> None:
    token = form_token(signed_in.get("/account").text)
    del signed_in.environ_base["HTTP_X_CSRFTOKEN"]
    assert "whsec_" in signed_in.post(SHOW, data={"csrf_token": token}).text
    assert signed_in.post(RENEW, data={"csrf_token": token}).status_code == 303


@pytest.mark.parametrize("where", [SHOW, RENEW])
def test_a_forged_form_and_a_stranger_get_nothing(signed_in: FlaskClient, client: FlaskClient, where: str) -> None:
    del signed_in.environ_base["HTTP_X_CSRFTOKEN"]
    assert signed_in.post(where).status_code == 400
    token = form_token(client.get("/sign-in").text)
    assert client.post(where, data={"csrf_token": token}).location.startswith("/sign-in")
    assert signed_in.get(where).status_code in (303, 405)


def test_whoever_comes_back_to_the_page_of_the_secret_is_led_to_the_account(signed_in: FlaskClient) -> None:
    answer = signed_in.get(SHOW)
    assert (answer.status_code, answer.location) == (303, "/account")
