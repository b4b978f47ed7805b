"""What the site says in its log: uploads, refusals, faults of ours, and gunicorn's own lines; no secrets."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from common.settings import Settings
from store import disk_space
from store.database import db
from store.states import JobState
from tests.paths import ROOT
from tests.webapp.conftest import MakeApp

Bearer = Callable[..., dict[str, str]]
SONG = "A song that nobody should read in a log"
CONTENT = f"Song,Date,Number of Plays\n{SONG},2020-01-02,200\n".encode()


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def send(client: FlaskClient, headers: dict[str, str], content: bytes = CONTENT) -> int:
    data = {"file": (io.BytesIO(content), "plays.csv")}
    return client.post("/api/process_file/", data=data, headers=headers).status_code


def lines_of(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Those of the site itself."""
    return [one for one in caplog.records if one.name.startswith(("webapp", "store"))]


def test_an_accepted_upload_is_noted_with_job_bytes_seconds_and_speed(
    client: FlaskClient, bearer: Bearer, caplog: pytest.LogCaptureFixture
) -> None:
    data = {"file": (io.BytesIO(CONTENT), "plays.csv")}
    answer = client.post("/api/process_file/", data=data, headers=bearer())
    (line,) = lines_of(caplog)
    assert line.getMessage().startswith(f"upload accepted: {len(CONTENT)} bytes in ")
    said = vars(line)
    assert (said["job"], said["attempt"], said["bytes"]) == (answer.json["uuid"], 1, len(CONTENT))
    assert said["mb_per_second"] == pytest.approx(len(CONTENT) / 1e6 / said["seconds"], abs=0.06, rel=0.5)


def test_uploads_of_a_page_are_noted_each(signed_in: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    files = [(io.BytesIO(CONTENT), "1.csv"), (io.BytesIO(CONTENT + b"\n"), "2.csv")]
    assert signed_in.post("/", data={"bad_rows": "stop", "file": files}).status_code == 303
    assert [vars(one)["bytes"] for one in lines_of(caplog)] == [len(CONTENT), len(CONTENT) + 1]


def test_a_file_that_was_sent_before_is_noted_with_its_job(
    client: FlaskClient, bearer: Bearer, caplog: pytest.LogCaptureFixture
) -> None:
    assert [send(client, bearer()), send(client, bearer())] == [201, 409]
    first, second = lines_of(caplog)
    assert vars(second)["job"] == vars(first)["job"]
    assert vars(second)["code"] == 409


def test_a_refused_upload_is_noted_with_its_code(
    app: Flask, client: FlaskClient, signed_in: FlaskClient, bearer: Bearer, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(client, {}) == 401
    assert send(client, bearer(), b"") == 400
    assert signed_in.post("/", data={}).status_code == 400
    assert [vars(one)["code"] for one in lines_of(caplog)] == [401, 400, 400]


def test_a_disk_without_room_is_an_error_of_ours_in_one_line(
    client: FlaskClient, bearer: Bearer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "room", lambda _files: -1)
    assert send(client, bearer()) == 507
    fault, refused = lines_of(caplog)
    assert (fault.levelno, fault.exc_info) == (logging.ERROR, None)
    assert fault.message == "disk full at POST /api/process_file/: 507"
    assert vars(refused)["code"] == 507


def test_an_account_at_its_quota_is_no_error_of_ours(
    settings: Settings, another_app: MakeApp, app: Flask, bearer: Bearer, caplog: pytest.LogCaptureFixture
) -> None:
    with_quota = another_app(replace(settings, quota_bytes=10))
    assert send(with_quota.test_client(), bearer(), CONTENT * 2000) == 507
    assert {one.levelname for one in lines_of(caplog)} == {"INFO"}


def test_an_error_that_nobody_caught_is_noted_once_with_its_trace(
    signed_in: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.jobs.latest", lambda *_some, **_more: 1 / 0)
    assert signed_in.get("/files").status_code == 500
    (line,) = lines_of(caplog)
    assert line.exc_info is not None
    assert line.exc_info[0] is ZeroDivisionError


def test_what_is_asked_often_and_what_is_not_there_is_not_noted(
    signed_in: FlaskClient, job_in: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    job_id = job_in(JobState.DONE)
    for address in ("/files", f"/jobs/{job_id}", "/nowhere", "/healthz", "/readyz", "/metrics"):
        signed_in.get(address)
    assert lines_of(caplog) == []


def test_a_queue_that_is_away_is_noted_with_the_job(
    another_app: MakeApp,
    settings: Settings,
    app: Flask,
    bearer: Bearer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = another_app(replace(settings, redis_url="redis://127.0.0.1:1")).test_client()
    assert send(client, bearer()) == 201
    accepted, waits = lines_of(caplog)
    assert vars(waits)["job"] == vars(accepted)["job"]
    assert "queue" in waits.getMessage()


def test_no_password_token_song_or_value_reaches_the_log(
    app: Flask, client: FlaskClient, bearer: Bearer, caplog: pytest.LogCaptureFixture
) -> None:
    headers = bearer()
    send(client, headers)
    client.post("/api/login/", json={"username": "anna", "password": "correct horse"})
    with app.app_context():
        engine = db.engine

    def fail(*_details: object) -> None:
        raise OSError("broken")

    event.listen(engine, "before_cursor_execute", fail)
    for _ in range(2):
        client.post("/api/login/", json={"username": "anna", "password": "correct horse"})
        send(client, headers)
    event.remove(engine, "before_cursor_execute", fail)
    assert "OSError: broken" in caplog.text
    for secret in ("correct horse", headers["Authorization"].partition(" ")[2], SONG, "k" * 32, "argon2id$"):
        assert secret not in caplog.text


@pytest.mark.usefixtures("processes")
def test_gunicorn_writes_its_errors_as_lines_too(settings: Settings, tmp_path: Path) -> None:
    environ = os.environ | {"DATA_DIR": str(settings.data_dir), "REDIS_URL": settings.redis_url, "KEEP_DAYS": "many"}
    words = [sys.executable, "-m", "gunicorn", "webapp:create_app()", "--bind", "127.0.0.1:0", "--workers", "1"]
    ended = subprocess.run(words, env=environ | {"LOG_FORMAT": "json"}, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode != 0
    sentence = "KEEP_DAYS should be a whole number, but is 'many'."  # which gunicorn prints beside its log
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line != sentence]
    assert {line["process"] for line in lines} == {"web"}
    failed = next(line for line in lines if line["message"] == "Exception in worker process")
    assert failed["error"]["trace"].endswith(f"SettingsError: {sentence}")
    assert ended.stdout == ""
    assert len([line for line in lines if line["message"] == "Exception in worker process"]) == 1
