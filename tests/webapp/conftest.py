"""Fixtures of the site's tests: app, client, signed_in, bearer, and jobs in any state."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from store import attempts, intake, jobs, tokens
from store.attempts import PublishedPart
from store.database import db, now
from store.files import REJECTED, Files
from store.models import Account, Job
from store.options import JobOptions
from store.settings import Settings
from store.states import JobState
from webapp import create_app

PASSWORD = "correct horse"
TOTALS = b"Song,Date,Total Number of Plays for Date\nIn The End,2020-01-01,1500\nUmbrella,2020-01-02,250\n"
JobIn = Callable[..., str]


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of everyone's password, of the cheapest kind: a real one is slow on purpose."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def app(settings: Settings, redis: Redis, password_hash: str) -> Iterator[Flask]:
    """The application over a database with anna, bert and the administrator chief."""
    app = create_app(settings)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        db.create_all()
        for name in ("anna", "bert", "chief"):
            db.session.add(Account(username=name, password_hash=password_hash, is_admin=name == "chief"))
        db.session.commit()
    yield app
    with app.app_context():
        db.session.remove()
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


def make_job(
    files: Files,
    owner_id: int,
    state: JobState,
    *,
    name: str = "plays-2024-03.csv",
    content: bytes | None = None,
    parts: tuple[bytes, ...] = (TOTALS,),
    rejected: tuple[dict[str, Any], ...] = (),
    error: dict[str, Any] | None = None,
    **values: Any,
) -> str:
    """A job in a state, brought there by the functions that the worker uses; ``values`` are set in the end."""
    content = content if content is not None else f"Song,Date,Number of Plays\nUmbrella,2020-01-02,{now()}\n".encode()
    path = files.new_incoming()
    path.write_bytes(content)
    received = intake.Received(path, name, len(content), hashlib.sha256(content).hexdigest())
    job = intake.accept(files, owner_id, received, JobOptions())
    job_id, until = job.id, jobs.keep_until(30)
    if state in (JobState.RUNNING, JobState.DONE, JobState.FAILED, JobState.EXPIRED):
        claim = attempts.claim(job_id, 1, 30)
        assert claim is not None
        if state is JobState.FAILED:
            attempts.fail(claim, error or refusal(), until)
        elif state is not JobState.RUNNING:
            attempts.publish(claim, summary(rejected), publish_files(files, job_id, parts, rejected), until)
    elif state is JobState.CANCELLED:
        jobs.cancel(job_id, until)
    job = db.session.get_one(Job, job_id, populate_existing=True)
    if state in (JobState.RECEIVING, JobState.EXPIRED):
        job.state = state
    for key, value in values.items():
        setattr(job, key, value)
    db.session.commit()
    return job_id


def publish_files(
    files: Files, job_id: str, parts: tuple[bytes, ...], rejected: tuple[dict[str, Any], ...]
) -> list[PublishedPart]:
    """The parts on the disk, as a worker leaves them."""
    folder = files.staging(job_id, 1)
    published = []
    for number, content in enumerate(parts, start=1):
        name = f"part-{number:05d}.csv"
        (folder / name).write_bytes(content)
        rows = content.count(b"\n") - 1
        published.append(PublishedPart(name, rows, len(content), hashlib.sha256(content).hexdigest()))
    if rejected:
        (folder / REJECTED).write_text(
            "line,column,value,reason\n" + "".join(f"{row['line']},,,\n" for row in rejected)
        )
    files.publish(job_id, 1)
    return published


def summary(rejected: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """What processing reports of a run."""
    return {
        "rows_read": 30_000_000,
        "rows_used": 30_000_000 - len(rejected),
        "bad_rows": len(rejected),
        "plays": 14_983_596_449,
        "groups": 24_693_301,
        "seconds": {"reading": 6.0, "totalling": 2.0, "writing": 1.0},
        "detected": {
            "encoding": "utf-8",
            "delimiter": ",",
            "header": True,
            "compression": None,
            "date_style": "YYYY-MM-DD",
            "columns": {"Song": 0, "Date": 1, "Number of Plays": 2},
        },
        "rejected": list(rejected),
    }


def refusal(**changes: Any) -> dict[str, Any]:
    """Why a file was refused."""
    return {
        "code": "bad_plays",
        "message": 'Line 1,204,883 should have a whole number of plays, but says "12.5".',
        "line": 1_204_883,
        "column": "Number of Plays",
        "value": "12.5",
        "bad_rows": 3,
    } | changes


def long_ago(seconds: float) -> Any:
    """A moment in the past."""
    return now() - timedelta(seconds=seconds)
