"""Running a file again from the page of a job: the buttons keep what was said, and one press makes one job."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from store.database import db
from store.failures import FAILURES_OF_OURS, failure
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import JobState
from tests.webapp.elements import text_of

JobIn = Callable[..., str]


def form_on(page: str) -> dict[str, str]:
    """What the page's first button that runs the file again sends."""
    fields = re.search(r'name="latest_run" value="(\w+)">\s*<button name="bad_rows" value="(\w+)"', page)
    return {"latest_run": fields[1], "bad_rows": fields[2]}


def jobs_in(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Job).count()


def test_leaving_rows_out_keeps_what_else_was_said(app: Flask, signed_in: FlaskClient, job_in: JobIn) -> None:
    options = JobOptions(delimiter="semicolon", song_column="Titel", corrections="allow")
    job_id = job_in(JobState.FAILED, options=options)
    for sent in ({"bad_rows": "skip"}, {}):  # the second as a page sent it that was opened in earlier days
        again = signed_in.post(f"/jobs/{job_id}/run-again", data=sent).location.removeprefix("/jobs/")
        with app.app_context():
            assert db.session.get(Job, again).options == options.to_json() | {"bad_rows": "skip"}


@pytest.mark.parametrize("code", sorted(FAILURES_OF_OURS))
def test_a_failure_of_ours_offers_another_try_with_the_same_options(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, code: str
) -> None:
    error = failure(code, tries=3)
    job_id = job_in(JobState.FAILED, error=error, options=JobOptions(bad_rows="skip", date_style="DD/MM/YYYY"))
    page = signed_in.get(f"/jobs/{job_id}").text
    assert text_of(page, "try-again")
    assert text_of(page, "corrected") is None
    assert run_again_by_the_button(app, signed_in, job_id, page) == JobOptions(bad_rows="skip", date_style="DD/MM/YYYY")


def test_a_cancelled_job_can_be_started_again_while_its_file_is_kept(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, files: Files
) -> None:
    job_id = job_in(JobState.CANCELLED)
    page = signed_in.get(f"/jobs/{job_id}").text
    assert text_of(page, "try-again")
    assert run_again_by_the_button(app, signed_in, job_id, page) == JobOptions()
    with app.app_context():
        files.remove_upload(db.session.get_one(Job, job_id).upload_id)
    gone = signed_in.get(f"/jobs/{job_id}").text
    assert text_of(gone, "try-again") is None
    assert "upload the file again" in gone


def run_again_by_the_button(app: Flask, browser: FlaskClient, job_id: str, page: str) -> JobOptions:
    """The options of the job that the page's first button makes."""
    answer = browser.post(f"/jobs/{job_id}/run-again", data=form_on(page))
    assert answer.status_code == 303
    with app.app_context():
        return JobOptions.from_json(db.session.get_one(Job, answer.location.rpartition("/")[2]).options)


def test_two_presses_of_one_button_make_one_job_and_another_choice_makes_another(
    app: Flask, signed_in: FlaskClient, job_in: JobIn
) -> None:
    job_id = job_in(JobState.FAILED)
    sent = form_on(signed_in.get(f"/jobs/{job_id}").text)
    first, second = [signed_in.post(f"/jobs/{job_id}/run-again", data=sent) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 303)
    assert (first.location, jobs_in(app)) == (second.location, 2)
    other = signed_in.post(f"/jobs/{job_id}/run-again", data=sent | {"quote": "none"})
    assert (other.location != first.location, jobs_in(app)) == (True, 3)


def test_of_presses_at_once_one_makes_the_job_and_all_lead_to_it(
    app: Flask, sign_in: Callable[[str], FlaskClient], job_in: JobIn
) -> None:
    job_id, browsers = job_in(JobState.CANCELLED), [sign_in("anna") for _ in range(6)]
    sent = form_on(browsers[0].get(f"/jobs/{job_id}").text)
    with ThreadPoolExecutor(len(browsers)) as threads:
        asked = [threads.submit(one.post, f"/jobs/{job_id}/run-again", data=sent) for one in browsers]
        assert len({one.result().location for one in asked}) == 1
    assert jobs_in(app) == 2


def test_a_page_that_knows_of_the_last_run_makes_another(app: Flask, signed_in: FlaskClient, job_in: JobIn) -> None:
    address = f"/jobs/{job_in(JobState.FAILED)}"
    made = {
        signed_in.post(f"{address}/run-again", data=form_on(signed_in.get(address).text)).location for _ in range(3)
    }
    assert (len(made), jobs_in(app)) == (3, 4)


@pytest.mark.parametrize("latest_run", ["", "x", "../../etc", "0" * 33])
def test_a_page_that_names_no_run_makes_a_job_each_time(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, latest_run: str
) -> None:
    job_id = job_in(JobState.FAILED)
    for _ in range(2):
        assert signed_in.post(f"/jobs/{job_id}/run-again", data={"latest_run": latest_run}).status_code == 303
    assert jobs_in(app) == 3
