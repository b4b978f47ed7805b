"""Fixtures of the site's tests: app, client, signed_in, bearer, and jobs in any state."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from redis import Redis
from sqlalchemy import select
from werkzeug.serving import make_server

from common.settings import Settings
from store import tokens
from store.database import db
from store.files import Files
from store.models import Account
from store.states import JobState
from tests.accounts import PASSWORD, PASSWORD_HASH, make_account
from tests.browser import chromium
from tests.jobs import make_job
from tests.webapp.server.served import Served, serving
from webapp import create_app

JobIn = Callable[..., str]
MakeApp = Callable[[Settings], Flask]


@pytest.fixture
def app(settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application over a database with anna, bert and the administrator chief."""
    monkeypatch.setattr("store.accounts._DUMMY_HASH", PASSWORD_HASH)
    app = create_app(settings)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        db.create_all()
        for name in ("anna", "bert", "chief"):
            make_account(name, is_admin=name == "chief")
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def another_app() -> Iterator[MakeApp]:
    """Makes further applications, whose connections are closed with the test."""
    made = []

    def make(settings: Settings) -> Flask:
        made.append(create_app(settings))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], FlaskClient]:
    """Gives a browser in which the named account is signed in; it sends its form token with every request."""

    def signed_in_as(username: str) -> FlaskClient:
        browser = app.test_client()
        token = form_token(browser.get("/sign-in").text)
        answer = browser.post(
            "/sign-in", data={"username": username, "password": PASSWORD, "csrf_token": token}, follow_redirects=True
        )
        assert answer.status_code == 200
        browser.environ_base["HTTP_X_CSRFTOKEN"] = form_token(answer.text)
        return browser

    return signed_in_as


@pytest.fixture
def signed_in(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Anna's browser."""
    return sign_in("anna")


@pytest.fixture(scope="module")
def browser(processes: None) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The application, served by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bearer(app: Flask) -> Callable[[str], dict[str, str]]:
    """Gives the header with which a script of the named account calls the API."""

    def header(username: str = "anna") -> dict[str, str]:
        with app.app_context():
            return {"Authorization": f"Bearer {tokens.issue(account_id(username), 'access')}"}

    return header


@pytest.fixture
def job_in(app: Flask, files: Files) -> JobIn:
    """Makes a job of an account in a state, and gives its id."""

    def make(state: JobState, username: str = "anna", **details: Any) -> str:
        with app.app_context():
            return make_job(files, account_id(username), state, **details)

    return make


def account_id(username: str) -> int:
    """The number of the named account."""
    return db.session.scalars(select(Account.id).where(Account.username == username)).one()


def form_token(page: str) -> str:
    """The form token in a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def served(processes: None, app: Flask, settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """The application, served by processes as the Procfile starts them."""
    with serving(settings, tmp_path / "printed") as server:
        yield server
