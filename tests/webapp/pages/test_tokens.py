"""Tokens for scripts, on the account page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from store import tokens
from store.database import db, now
from store.models import Token
from tests.webapp.conftest import account_id
from tests.webapp.elements import text_of

SignIn = Callable[[str], FlaskClient]
SECRET = re.compile(r"ptly_[0-9a-f]{40}")


def make(browser: FlaskClient, name: str = "nightly", scopes: str = "read", days: str = "30") -> TestResponse:
    return browser.post("/account/tokens", data={"name": name, "scopes": scopes, "days": days})


def secret_in(answer: TestResponse) -> str:
    found = SECRET.search(answer.text)
    assert found is not None
    return found[0]


def opens(client: FlaskClient, secret: str) -> bool:
    return client.get("/api/v1/jobs", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def address_of(app: Flask, username: str = "anna") -> str:
    """Where the newest token of an account is revoked."""
    with app.app_context():
        return f"/account/tokens/{tokens.live(account_id(username))[0].id}/revoke"


def test_a_token_is_shown_once_and_works(signed_in: FlaskClient, client: FlaskClient) -> None:
    made = make(signed_in)
    assert made.status_code == 201
    assert secret_in(made) in (text_of(made.text, "made") or "")
    secret = secret_in(made)
    assert opens(client, secret)
    for page in ("/account", "/account", "/"):
        assert secret not in signed_in.get(page).text


def test_a_token_is_kept_in_no_cookie(signed_in: FlaskClient) -> None:
    made = make(signed_in)
    with signed_in.session_transaction() as session:
        assert "ptly_" not in repr(dict(session))
    assert made.headers["Cache-Control"] == "no-store"


def test_the_list_has_name_scope_age_last_use_and_end(app: Flask, signed_in: FlaskClient, client: FlaskClient) -> None:
    make(signed_in, "for <reading>", "read", "never")
    secret = secret_in(make(signed_in, "for all", "read write", "7"))
    page = signed_in.get("/account").text
    assert "for &lt;reading&gt;" in page
    assert page.count("never used") == 2
    assert "never expires" in page
    assert page.index("for all") < page.index("for &lt;reading&gt;")
    assert opens(client, secret)
    assert "used just now" in signed_in.get("/account").text
    with app.app_context():
        db.session.query(Token).filter_by(name="for all").update({"created_at": now() - timedelta(days=3)})
        db.session.commit()
    assert "made 3 days ago" in signed_in.get("/account").text


def test_the_list_has_no_tokens_of_others_and_none_that_is_over(app: Flask, sign_in: SignIn) -> None:
    anna, bert = sign_in("anna"), sign_in("bert")
    make(anna, "of anna")
    make(bert, "of bert")
    assert "of anna" not in bert.get("/account").text
    with app.app_context():
        db.session.query(Token).filter_by(name="of anna").update({"expires_at": now()})
        db.session.commit()
    assert "of anna" not in anna.get("/account").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Give the token a name"),
        ({"scopes": "all"}, "Choose what the token may do"),
        ({"days": "x"}, "Choose how many days"),
        ({"days": "8"}, "Choose how many days"),
        ({"days": ""}, "Choose how many days"),
    ],
)
def test_a_form_that_is_not_filled_in_right_is_shown_again(
    signed_in: FlaskClient, fields: dict[str, str], sentence: str
) -> None:
    answer = make(signed_in, **({"name": "my <job>"} | fields))
    assert answer.status_code == 400
    assert sentence in answer.text
    assert SECRET.search(answer.text) is None
    if "name" not in fields:
        assert 'value="my &lt;job&gt;"' in answer.text


def test_a_page_that_is_loaded_again_makes_no_second_token(app: Flask, signed_in: FlaskClient) -> None:
    assert [make(signed_in).status_code, make(signed_in).status_code] == [201, 400]
    with app.app_context():
        assert len(tokens.live(account_id("anna"))) == 1


def test_a_revoked_token_opens_nothing_and_leaves_the_list(
    app: Flask, signed_in: FlaskClient, client: FlaskClient
) -> None:
    secret = secret_in(make(signed_in))
    answer = signed_in.post(address_of(app), follow_redirects=True)
    assert "nightly" in answer.text  # is revoked, says the notice
    assert "nightly" not in signed_in.get("/account").text
    assert not opens(client, secret)


def test_someone_elses_token_and_one_that_never_was_look_alike(
    app: Flask, sign_in: SignIn, client: FlaskClient
) -> None:
    anna, bert = sign_in("anna"), sign_in("bert")
    secret = secret_in(make(anna))
    foreign = bert.post(address_of(app))
    unknown = bert.post("/account/tokens/2147483647/revoke")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    tokens_of_pages = [re.sub(r'value="[^"]+"', "", answer.text) for answer in (foreign, unknown)]
    assert tokens_of_pages[0] == tokens_of_pages[1]
    assert bert.post("/account/tokens/99999999999999/revoke").status_code == 404
    assert opens(client, secret)


def test_an_administrator_revokes_no_tokens_of_others(app: Flask, sign_in: SignIn) -> None:
    make(sign_in("anna"))
    assert sign_in("chief").post(address_of(app)).status_code == 404


def test_signing_all_scripts_out_ends_tokens_and_logins_but_not_the_page(
    signed_in: FlaskClient, client: FlaskClient, bearer: Callable[..., dict[str, str]]
) -> None:
    secrets = [secret_in(make(signed_in)), bearer("anna")["Authorization"].partition(" ")[2]]
    of_bert = bearer("bert")["Authorization"].partition(" ")[2]
    refresh = client.post("/api/login/", json={"username": "anna", "password": "correct horse"}).json["refresh"]
    answer = signed_in.post("/account/tokens/revoke-all", follow_redirects=True)
    assert '<p class="notice" role="status">' in answer.text
    assert [opens(client, secret) for secret in [*secrets, of_bert]] == [False, False, True]
    assert client.post("/api/refresh/", json={"refresh": refresh}).status_code == 401
    assert signed_in.get("/files").status_code == 200


def test_a_changed_password_ends_personal_tokens_too(signed_in: FlaskClient, client: FlaskClient) -> None:
    secret = secret_in(make(signed_in))
    signed_in.post("/account", data={"present": "correct horse", "wanted": "battery staple"})
    assert not opens(client, secret)


@pytest.mark.parametrize("address", ["/account/tokens", "/account/tokens/1/revoke", "/account/tokens/revoke-all"])
def test_nothing_about_tokens_happens_without_signing_in_or_the_forms_own_token(
    client: FlaskClient, signed_in: FlaskClient, address: str
) -> None:
    assert client.post(address).status_code in (303, 400)
    del signed_in.environ_base["HTTP_X_CSRFTOKEN"]
    assert signed_in.post(address).status_code == 400


def test_the_address_of_a_made_token_leads_back_to_the_list(signed_in: FlaskClient) -> None:
    assert signed_in.get("/account/tokens").location == "/account#tokens"
