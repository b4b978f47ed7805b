"""Cancelling and deleting a job from its page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from store.database import db
from store.files import Files
from store.models import Job
from store.states import UNFINISHED, JobState
from webapp.pages.jobs import DELETED, FILE_KEPT

JobIn = Callable[..., str]


@pytest.mark.parametrize("state", JobState)
def test_cancelling_ends_what_goes_on_and_changes_nothing_else(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, state: JobState
) -> None:
    job_id = job_in(state)
    for _ in range(2):
        assert signed_in.post(f"/jobs/{job_id}/cancel").location == f"/jobs/{job_id}"
    with app.app_context():
        assert db.session.get(Job, job_id).state is (JobState.CANCELLED if state in UNFINISHED else state)


def test_a_cancelled_job_leaves_the_queue(signed_in: FlaskClient, job_in: JobIn, redis: Redis) -> None:
    failed = job_in(JobState.FAILED)
    waiting = signed_in.post(f"/jobs/{failed}/run-again").location
    queue = Queue("small", connection=redis, serializer=JSONSerializer)
    assert len(queue.job_ids) == 1
    signed_in.post(f"{waiting}/cancel")
    assert queue.job_ids == []


@pytest.mark.parametrize("state", JobState)
def test_a_deleted_job_is_gone_with_its_files(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, files: Files, state: JobState
) -> None:
    job_id = job_in(state)
    answer = signed_in.post(f"/jobs/{job_id}/delete", follow_redirects=True)
    assert DELETED.format(name="plays-2024-03.csv") in answer.text
    assert signed_in.get(f"/jobs/{job_id}").status_code == 404
    assert [path for path in files.data_dir.rglob("*") if path.is_file() and path.parent.name != "data"] == []


def test_deleting_one_run_says_that_its_file_stays_for_the_others(signed_in: FlaskClient, job_in: JobIn) -> None:
    job_id = job_in(JobState.FAILED)
    signed_in.post(f"/jobs/{job_id}/run-again", data={"bad_rows": "skip"})
    answer = signed_in.post(f"/jobs/{job_id}/delete", follow_redirects=True)
    assert FILE_KEPT in answer.text
