"""What no script should send, and what may break under us: a code and a sentence, never a trace."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from store.database import db
from store.files import Files
from webapp.api.jobs import ONE_FILE
from webapp.errors.handlers import SENTENCES

Bearer = Callable[..., dict[str, str]]
STATEMENT = "SELECT secret"
CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"


class BrokenChunkError(Exception):
    """As gunicorn raises it: neither an OSError nor a ValueError."""


class BrokenBody(io.RawIOBase):
    """A body whose chunks make no sense."""

    def read(self, size: int = -1) -> bytes:
        raise BrokenChunkError


@pytest.fixture
def no_database(app: Flask) -> None:
    """Every statement ends as on a full disk."""

    def fail(*_details: object) -> None:
        raise OperationalError(STATEMENT, {}, Exception("database or disk is full"))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", fail)


def test_json_as_deep_as_a_well_is_400(client: FlaskClient) -> None:
    answer = client.post("/api/login/", data="[" * 100_000, content_type="application/json")
    assert (answer.status_code, answer.json["type"]) == (400, "BadRequestException")


@pytest.mark.parametrize("word", [r"an\u0000na", r"\ud800", "anna"])
def test_words_that_no_database_takes_belong_to_nobody(client: FlaskClient, word: str) -> None:
    body = f'{{"username": "{word}", "password": "\\ud800"}}'
    answer = client.post("/api/login/", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["type"]) == (401, "UnauthorizedException")


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/api/process_file/", "multipart/form-data; boundary=b"),
        ("/api/login/", "application/json"),
        ("/api/login/", "application/x-www-form-urlencoded"),
        ("/api/refresh/", "multipart/form-data; boundary=b"),
        ("/sign-in", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_breaks_on_its_way_is_400(client: FlaskClient, bearer: Bearer, address: str, kind: str) -> None:
    answer = client.post(
        address,
        content_type=kind,
        headers=bearer() | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": BrokenBody(), "wsgi.input_terminated": True},
    )
    assert answer.status_code == 400


def test_several_files_in_a_request_are_400_and_none_is_kept(client: FlaskClient, bearer: Bearer, files: Files) -> None:
    data = {"file": [(io.BytesIO(CONTENT), "1.csv"), (io.BytesIO(CONTENT + b"\n"), "2.csv")]}
    answer = client.post("/api/process_file/", data=data, headers=bearer(), content_type="multipart/form-data")
    assert (answer.status_code, answer.json["message"]) == (400, ONE_FILE)
    assert [path for name in ("incoming", "uploads") for path in (files.data_dir / name).iterdir()] == []


@pytest.mark.usefixtures("no_database")
def test_without_its_database_the_api_says_so_and_the_log_says_why(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.post("/api/login/", json={"username": "anna", "password": "x"})
    assert (answer.status_code, answer.json["type"]) == (503, "ServiceUnavailableException")
    assert answer.json["message"] == SENTENCES[503]
    assert "database or disk is full" in caplog.text
    assert "secret" not in caplog.text


def test_without_its_database_a_page_says_so(app: Flask, signed_in: FlaskClient, no_database: None) -> None:
    page = signed_in.get("/files")
    assert page.status_code == 503
    assert SENTENCES[503] in page.text
    assert "SELECT" not in page.text


@pytest.mark.parametrize(
    ("method", "address", "code"),
    [
        ("GET", "/api/login/", 405),
        ("PUT", "/api/process_file/", 405),
        ("GET", "/api/nowhere", 404),
        ("POST", "/api/nowhere/", 404),
        ("GET", "/api/", 404),
        ("GET", "/api", 404),
        ("POST", "/api/input_files/../x/", 404),
    ],
)
def test_an_error_below_api_is_an_object(client: FlaskClient, method: str, address: str, code: int) -> None:
    answer = client.open(address, method=method)
    assert (answer.status_code, answer.is_json) == (code, True)
    assert set(answer.json) == {"message", "type"}
