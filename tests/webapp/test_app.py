"""The application as a whole: what it loads, what every answer says, how it fails."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import make_url

from common.settings import Settings
from tests.paths import ROOT
from webapp import create_app
from webapp.errors.handlers import SENTENCES


def cut_off(browser: FlaskClient, settings: Settings) -> None:
    """Take the database away from the site behind a browser."""
    nowhere = make_url(settings.database_url).set(database="/nowhere/at all").render_as_string(hide_password=False)
    browser.application = create_app(replace(settings, database_url=nowhere))


@pytest.mark.usefixtures("processes")
def test_importing_the_site_loads_neither_vaex_nor_the_worker() -> None:
    question = "import sys, webapp; print([m for m in ('vaex', 'worker', 'launcher', 'numpy') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_sign_of_life_needs_nobody_signed_in(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_every_answer_carries_a_strict_policy(client: FlaskClient) -> None:
    for address in ("/sign-in", "/healthz", "/nowhere", "/static/playtally.css", "/api/nowhere/"):
        with client.get(address) as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert " onclick=" not in text, path
        assert "<script>" not in text, path


def test_cookies_are_kept_from_scripts_and_other_sites(signed_in: FlaskClient) -> None:
    cookie = signed_in.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_cookies_are_secure_and_addresses_say_https(settings: Settings) -> None:
    from dataclasses import replace

    app = create_app(replace(settings, public_https=True))
    answer = app.test_client().get("/sign-in")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers


@pytest.mark.parametrize(("address", "code"), [("/nowhere", 404), ("/sign-out", 405)])
def test_an_error_is_a_page_with_a_sentence(signed_in: FlaskClient, address: str, code: int) -> None:
    answer = signed_in.get(address)
    assert answer.status_code == code
    assert f'<p class="code">{code}</p>' in answer.text


@pytest.mark.parametrize(("address", "code"), [("/api/nowhere/", 404), ("/api/login/", 405)])
def test_an_error_of_the_api_is_an_object(client: FlaskClient, address: str, code: int) -> None:
    answer = client.get(address)
    assert answer.status_code == code
    assert set(answer.json) == {"message", "type"}


@pytest.mark.parametrize("code", [500, 503])
def test_a_fault_of_ours_shows_no_trace_even_without_a_database(
    settings: Settings, signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    cut_off(signed_in, settings)
    if code == 500:
        monkeypatch.setattr("store.accounts.find", lambda account_id: {}["sqlite"])
        monkeypatch.setattr("store.accounts.authenticate", lambda username, password: {}["sqlite"])
    page = signed_in.get("/files")
    assert page.status_code == code
    assert SENTENCES[code] in page.text
    call = signed_in.post("/api/login/", json={"username": "anna", "password": "x"})
    assert call.status_code == code
    for text in (page.text, call.text):
        assert "SELECT" not in text
        assert "Traceback" not in text
        assert "sqlite" not in text.lower()
        assert "psycopg" not in text.lower()


def test_an_error_is_never_swapped_into_a_page(signed_in: FlaskClient, client: FlaskClient) -> None:
    asked = {"HX-Request": "true"}
    assert signed_in.get(f"/jobs/{'0' * 32}/now", headers=asked).headers["HX-Refresh"] == "true"
    answer = client.get(f"/jobs/{'0' * 32}/now", headers=asked)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_a_page_that_asks_again_outlives_a_fault_of_ours(settings: Settings, signed_in: FlaskClient) -> None:
    cut_off(signed_in, settings)
    answer = signed_in.get(f"/jobs/{'0' * 32}/now", headers={"HX-Request": "true"})
    assert (answer.status_code, "HX-Refresh" in answer.headers) == (503, False)


def test_an_ordinary_form_cannot_carry_megabytes(client: FlaskClient) -> None:
    assert client.post("/sign-in", data={"username": "x" * 500_000}).status_code == 413
