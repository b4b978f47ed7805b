"""Long polling: a call that waits in place of its caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from store import jobs
from store.database import db
from store.files import Files
from store.models import Job
from store.states import JobState
from webapp.api.v1 import long_polling

Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]


class Caller:
    """Asks with ?wait= in a thread of its own."""

    def __init__(self, app: Flask, headers: dict[str, str], job_id: str) -> None:
        self.answer: Any = None
        self._app, self._headers, self._job_id = app, headers, job_id
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        address = f"/api/v1/jobs/{self._job_id}?wait=60"
        self.answer = self._app.test_client().get(address, headers=self._headers)


def change(app: Flask, job_id: str, **values: Any) -> None:
    with app.app_context():
        db.session.query(Job).filter(Job.id == job_id).update(values)
        db.session.commit()


def all_wait(callers: list[Caller]) -> bool:
    time.sleep(0.5)
    return all(caller.answer is None for caller in callers)


@pytest.mark.parametrize(
    "news", [{"state": JobState.CANCELLED}, {"step": "totalling"}, {"fraction": 0.5}, {"attempt": 2}]
)
def test_the_answer_comes_when_something_changes(
    app: Flask, bearer: Bearer, job_in: JobIn, news: dict[str, Any]
) -> None:
    job_id = job_in(JobState.RUNNING, step="reading", fraction=0.476)
    caller = Caller(app, bearer(), job_id)
    assert all_wait([caller])
    change(app, job_id, **news)
    caller.thread.join(30)
    assert caller.answer.status_code == 200


def test_what_no_caller_would_see_is_no_news(app: Flask, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.RUNNING, step="reading", fraction=0.476)
    caller = Caller(app, bearer(), job_id)
    change(app, job_id, fraction=0.479, rows_read=77)
    assert all_wait([caller])
    change(app, job_id, state=JobState.CANCELLED)
    caller.thread.join(30)
    assert caller.answer.json["rows_read"] == 77


def test_a_job_that_has_ended_is_answered_at_once(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    began = time.monotonic()
    assert client.get(f"/api/v1/jobs/{job_in(JobState.DONE)}?wait=60", headers=bearer()).status_code == 200
    assert time.monotonic() - began < 30


def test_a_job_that_is_removed_meanwhile_is_404(app: Flask, bearer: Bearer, job_in: JobIn, files: Files) -> None:
    job_id = job_in(JobState.QUEUED)
    caller = Caller(app, bearer(), job_id)
    assert all_wait([caller])
    with app.app_context():
        jobs.remove(files, job_id)
    caller.thread.join(30)
    assert caller.answer.status_code == 404


def test_the_time_is_over_with_the_job_as_it_was(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    answer = client.get(f"/api/v1/jobs/{job_in(JobState.QUEUED)}?wait=1", headers=bearer())
    assert (answer.status_code, answer.json["state"]) == (200, "queued")


def test_when_many_wait_further_callers_are_answered_at_once(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn
) -> None:
    job_id, headers = job_in(JobState.QUEUED), bearer()
    callers = [Caller(app, headers, job_id) for _ in range(long_polling.MOST_AT_ONCE)]
    assert all_wait(callers)
    assert client.get(f"/api/v1/jobs/{job_id}?wait=60", headers=headers).json["state"] == "queued"
    change(app, job_id, state=JobState.CANCELLED)
    for caller in callers:
        caller.thread.join(30)
    assert {caller.answer.json["state"] for caller in callers} == {"cancelled"}


@pytest.mark.parametrize("wait", ["-1", "61", "x", "1.5", ""])
def test_an_odd_time_is_400(client: FlaskClient, bearer: Bearer, job_in: JobIn, wait: str) -> None:
    answer = client.get(f"/api/v1/jobs/{job_in(JobState.QUEUED)}?wait={wait}", headers=bearer())
    assert (answer.status_code, answer.json["errors"][0]["option"]) == (400, "wait")
