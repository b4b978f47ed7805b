"""New upload: from the form to a job that a worker hears of."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from werkzeug.test import TestResponse

from common.settings import Settings
from store.database import db
from store.files import Files
from store.models import Job
from store.paths import Paths
from store.states import JobState
from tests.webapp.elements import text_of
from webapp.errors.handlers import SENTENCES, OverQuota
from webapp.pages.upload import EMPTY, NO_CHOICE, NO_FILE

CONTENT = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
SCRIPT = {"Accept": "application/json"}


def send(browser: FlaskClient, *files: tuple[bytes, str], headers: Any = None, **fields: str) -> TestResponse:
    chosen = [(io.BytesIO(content), name) for content, name in files] or [(io.BytesIO(b""), "")]
    return browser.post("/", data={**fields, "file": chosen}, content_type="multipart/form-data", headers=headers)


def jobs_of(app: Flask) -> list[Job]:
    with app.app_context():
        return list(db.session.query(Job).order_by(Job.created_at))


def files_on_disk(files: Files) -> list[Path]:
    return [path for name in ("incoming", "uploads") for path in (files.data_dir / name).iterdir()]


def test_the_home_page_is_the_form(signed_in: FlaskClient) -> None:
    page = signed_in.get("/").text
    assert 'enctype="multipart/form-data"' in page
    assert page.index('name="csrf_token"', page.index('id="upload"')) < page.index('type="file"')


def test_a_sent_file_is_a_waiting_job_and_its_page(app: Flask, signed_in: FlaskClient, files: Files) -> None:
    answer = send(signed_in, (CONTENT, "plays.csv"))
    job = jobs_of(app)[0]
    assert (answer.status_code, answer.location) == (303, f"/jobs/{job.id}")
    assert job.state is JobState.QUEUED
    assert files.upload(job.upload_id).read_bytes() == CONTENT
    assert "plays.csv" in signed_in.get(answer.location).text


def test_a_worker_hears_of_the_job_by_its_id(app: Flask, signed_in: FlaskClient, redis: Redis) -> None:
    send(signed_in, (CONTENT, "plays.csv"))
    waiting = Queue("small", connection=redis, serializer=JSONSerializer).jobs
    assert [(call.func_name, call.args) for call in waiting] == [("worker.tasks.process_job", [jobs_of(app)[0].id, 1])]


def test_with_the_queue_away_the_job_waits_all_the_same(tmp_path: Path, app: Flask, signed_in: FlaskClient) -> None:
    from store import queues

    resources = app.extensions["playtally"]
    away = type(resources)(resources.settings, resources.files, queues.connect(f"unix://{tmp_path}/nobody.sock"))
    app.extensions["playtally"] = away
    answer = send(signed_in, (CONTENT, "plays.csv"))
    assert answer.status_code == 303
    assert jobs_of(app)[0].state is JobState.QUEUED
    away_words = text_of(signed_in.get(answer.location).text, "turn")
    app.extensions["playtally"] = resources
    assert text_of(signed_in.get(answer.location).text, "turn") != away_words
    app.extensions["playtally"] = away
    assert signed_in.post(f"{answer.location}/cancel").status_code == 303


def test_the_form_works_without_our_script(app: Flask, signed_in: FlaskClient) -> None:
    token = signed_in.environ_base.pop("HTTP_X_CSRFTOKEN")
    answer = send(signed_in, (CONTENT, "plays.csv"), csrf_token=token, bad_rows="skip")
    assert answer.status_code == 303
    assert jobs_of(app)[0].options == {"bad_rows": "skip"}


def test_a_form_may_say_how_the_file_is_to_be_read(app: Flask, signed_in: FlaskClient) -> None:
    said = {"delimiter": " ", "header_line": " 3 ", "song_column": "Titel des Liedes", "corrections": "allow"}
    assert send(signed_in, (CONTENT, "plays.csv"), **said, encoding="", thousands="").status_code == 303
    assert jobs_of(app)[0].options == said | {"bad_rows": "stop", "header_line": "3"}


def test_the_form_says_that_compressed_files_are_fine(signed_in: FlaskClient) -> None:
    assert "gzip, bzip2, xz, zstd or zip" in signed_in.get("/").text


def test_with_our_script_the_answer_is_an_address(app: Flask, signed_in: FlaskClient) -> None:
    answer = send(signed_in, (CONTENT, "plays.csv"), headers=SCRIPT)
    assert answer.json == {"address": f"/jobs/{jobs_of(app)[0].id}"}


def test_each_of_several_files_is_a_job(app: Flask, signed_in: FlaskClient) -> None:
    answer = send(signed_in, (CONTENT, "1.csv"), (CONTENT + b"x", "2.csv"))
    assert answer.location == "/files"
    assert [job.state for job in jobs_of(app)] == [JobState.QUEUED] * 2


def test_the_same_file_again_leads_to_its_job(app: Flask, signed_in: FlaskClient, files: Files) -> None:
    first = send(signed_in, (CONTENT, "plays.csv"))
    again = send(signed_in, (CONTENT, "renamed.csv"))
    assert again.location == f"{first.location}?sent=before"
    assert "plays.csv" in (text_of(signed_in.get(again.location).text, "uploaded-before") or "")
    assert text_of(signed_in.get(first.location).text, "uploaded-before") is None
    assert len(jobs_of(app)) == 1
    assert len(files_on_disk(files)) == 1


@pytest.mark.parametrize("token", [None, "forged"])
def test_without_its_token_no_byte_of_a_file_is_written(
    app: Flask, signed_in: FlaskClient, files: Files, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    monkeypatch.setattr(Paths, "new_incoming", lambda self: pytest.fail("a file was begun"))
    del signed_in.environ_base["HTTP_X_CSRFTOKEN"]
    answer = send(signed_in, (CONTENT, "plays.csv"), **({"csrf_token": token} if token else {}))
    assert answer.status_code == 400
    assert jobs_of(app) == []


def test_a_token_of_another_session_does_not_count(app: Flask, signed_in: FlaskClient, client: FlaskClient) -> None:
    page = client.get("/sign-in").text
    foreign = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    signed_in.environ_base["HTTP_X_CSRFTOKEN"] = foreign
    assert send(signed_in, (CONTENT, "plays.csv")).status_code == 400
    assert jobs_of(app) == []


def test_whoever_is_signed_out_sends_nothing(client: FlaskClient, files: Files) -> None:
    assert send(client, (CONTENT, "plays.csv")).location.startswith("/sign-in")
    assert send(client, (CONTENT, "plays.csv"), headers=SCRIPT).json["message"] == SENTENCES[401]
    assert files_on_disk(files) == []


@pytest.mark.parametrize(
    ("chosen", "fields", "sentence"),
    [
        ((), {}, NO_FILE),
        (((b"", "plays.csv"),), {}, EMPTY.format(name="plays.csv")),
        (((CONTENT, "plays.csv"),), {"bad_rows": "guess"}, NO_CHOICE),
        (
            ((CONTENT, "plays.csv"),),
            {"quote": "none", "header_line": "x"},
            "header_line should be the number of a line",
        ),
    ],
)
def test_what_cannot_be_started_gets_the_form_again_with_a_sentence(
    app: Flask, signed_in: FlaskClient, files: Files, chosen: Any, fields: dict[str, str], sentence: str
) -> None:
    answer = send(signed_in, *chosen, **fields)
    assert answer.status_code == 400
    assert sentence in (text_of(answer.text, "problem") or "")
    assert 'id="upload"' in answer.text
    assert sentence in send(signed_in, *chosen, headers=SCRIPT, **fields).json["message"]
    assert (jobs_of(app), files_on_disk(files)) == ([], [])


class TestWithALimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, max_upload_bytes=60)

    def test_a_larger_file_is_refused_and_a_smaller_one_taken(self, signed_in: FlaskClient, files: Files) -> None:
        refused = send(signed_in, (CONTENT * 2, "plays.csv"))
        assert refused.status_code == 413
        assert SENTENCES[413] in refused.text
        assert files_on_disk(files) == []
        assert send(signed_in, (CONTENT, "plays.csv")).status_code == 303
        assert 'data-max-bytes="60"' in signed_in.get("/").text


class TestWithAQuota:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, quota_bytes=2 * len(CONTENT) - 1)

    def test_an_account_that_keeps_too_much_is_told_so_until_it_deletes_something(
        self, app: Flask, signed_in: FlaskClient, sign_in: Callable[[str], FlaskClient], files: Files
    ) -> None:
        first = send(signed_in, (CONTENT, "plays.csv")).location
        used, limit = f"{len(CONTENT)} bytes", f"{2 * len(CONTENT) - 1} bytes"
        shown = text_of(signed_in.get("/").text, "quota") or ""
        assert used in shown
        assert limit in shown
        refused = send(signed_in, (CONTENT[::-1], "plays.csv"))
        sentence = OverQuota.description.format(used=used, limit=limit)
        assert (refused.status_code, sentence in refused.text) == (507, True)
        assert refused.text.count('href="/files"') == 2  # in the menu and below the sentence
        assert send(signed_in, (CONTENT[::-1], "plays.csv"), headers=SCRIPT).json["message"] == sentence
        assert len(files_on_disk(files)) == 1
        assert send(sign_in("bert"), (CONTENT[::-1], "plays.csv")).status_code == 303
        assert signed_in.post(f"{first}/delete").status_code == 303
        assert send(signed_in, (CONTENT[::-1], "plays.csv")).status_code == 303

    def test_a_file_whose_runs_may_take_what_is_left_is_not_run_again_and_the_page_says_so(
        self, app: Flask, signed_in: FlaskClient
    ) -> None:
        job = send(signed_in, (CONTENT, "plays.csv")).location
        signed_in.post(f"{job}/cancel")
        assert [signed_in.post(f"{job}/run-again").status_code for _ in range(2)] == [303, 507]
        words = OverQuota.of_a_run.partition("{")[0]
        assert words in signed_in.post(f"{job}/run-again").text
