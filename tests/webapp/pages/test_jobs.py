"""The page of a job has a face for each state, and says what may be done."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from store.database import db, now
from store.files import Files
from store.models import Job
from store.states import STATES, UNFINISHED, JobState
from tests.jobs import TOTALS, refusal, summary
from tests.paths import ROOT
from webapp.pages.job_view import STEPS
from webapp.pages.jobs import SHOWN

JobIn = Callable[..., str]
TEMPLATES = ROOT / "templates" / "jobs"
ROWS = tuple({"line": n, "column": "Date", "value": "<b>", "reason": "There is no date."} for n in range(2, 130))


def failed_page(browser: FlaskClient, job_in: JobIn, **error: Any) -> str:
    return browser.get(f"/jobs/{job_in(JobState.FAILED, error=refusal(**error))}").text


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_a_template_and_a_sentence(signed_in: FlaskClient, job_in: JobIn, state: JobState) -> None:
    assert (TEMPLATES / f"_{state.value}.html").is_file()
    page = signed_in.get(f"/jobs/{job_in(state)}")
    assert page.status_code == 200
    assert STATES[state].sentence in page.text


@pytest.mark.parametrize("state", JobState)
def test_the_page_and_its_fragment_draw_the_same(signed_in: FlaskClient, job_in: JobIn, state: JobState) -> None:
    job_id = job_in(state)
    fragment, page = (
        re.sub('name="csrf_token" value="[^"]*"', "", signed_in.get(address).text)  # which holds the time
        for address in (f"/jobs/{job_id}/now", f"/jobs/{job_id}")
    )
    assert fragment.lstrip().startswith("<section")
    assert fragment.strip() in page


@pytest.mark.parametrize("state", JobState)
def test_only_a_job_that_goes_on_asks_again_and_can_be_cancelled(
    signed_in: FlaskClient, job_in: JobIn, state: JobState
) -> None:
    fragment = signed_in.get(f"/jobs/{job_in(state)}/now").text
    goes_on = state in UNFINISHED
    assert ("hx-trigger" in fragment) is goes_on
    assert ("/cancel" in fragment) is goes_on
    assert ("/delete" in fragment) is not goes_on


@pytest.mark.parametrize(("age", "delay"), [(10, 1), (300, 3), (7200, 10)])
def test_an_old_job_is_asked_for_less_often(signed_in: FlaskClient, job_in: JobIn, age: int, delay: int) -> None:
    job_id = job_in(JobState.RUNNING, created_at=now() - timedelta(seconds=age))
    assert f'hx-trigger="load delay:{delay}s, again"' in signed_in.get(f"/jobs/{job_id}").text


def test_a_waiting_job_knows_its_place(signed_in: FlaskClient, job_in: JobIn) -> None:
    job_in(JobState.RUNNING, "bert")
    job_in(JobState.QUEUED, "bert")
    last = signed_in.get(f"/jobs/{job_in(JobState.QUEUED)}").text
    assert "Two files are ahead of yours." in last


def test_a_working_job_says_how_far_it_is(signed_in: FlaskClient, job_in: JobIn) -> None:
    figures = {"fraction": 0.476, "rows_read": 14_102_334, "rows_per_second": 3.1e6, "seconds_left": 6.2}
    page = signed_in.get(f"/jobs/{job_in(JobState.RUNNING, step='reading', **figures)}").text
    for words in ("47 %", "14,102,334 rows so far", "3.1 million a second", "about 6 s left"):
        assert words in page
    assert '<li class="now" aria-current="step">Reading</li>' in page
    assert "sign of life" not in page


@pytest.mark.parametrize("step", [*STEPS, None])
def test_a_job_that_works_never_says_100_percent(signed_in: FlaskClient, job_in: JobIn, step: str | None) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.RUNNING, step=step, fraction=1.0)}").text
    assert "99 %" in page
    assert "100 %" not in page


def test_silence_and_a_second_try_are_told(signed_in: FlaskClient, job_in: JobIn) -> None:
    quiet = {"heartbeat_at": now() - timedelta(seconds=24), "crashes": 1}
    page = signed_in.get(f"/jobs/{job_in(JobState.RUNNING, **quiet)}").text
    assert "last sign of life 24 s ago" in page
    assert "2nd try of 3" in page
    assert "Starting again (3rd try of 3)" in signed_in.get(f"/jobs/{job_in(JobState.QUEUED, crashes=2)}").text


def test_a_job_that_is_done_proves_its_sums_and_shows_its_first_rows(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = " ".join(signed_in.get(f"/jobs/{job_in(JobState.DONE)}").text.split())
    assert "30,000,000 rows in, 30,000,000 used, 0 left out. 14,983,596,449 plays in, the same number out." in page
    assert "<td>In The End</td>" in page
    assert '<td class="number">1,500</td>' in page
    assert "Kept until" in page
    assert "commas" in page
    assert "left-out.csv" not in page


def test_one_is_said_as_one(signed_in: FlaskClient, job_in: JobIn) -> None:
    figures = {"rows_read": 1, "rows_used": 1, "bad_rows": 0, "plays": 1}
    page = " ".join(signed_in.get(f"/jobs/{job_in(JobState.DONE, summary=figures)}").text.split())
    assert "1 row in, 1 used, 0 left out. 1 play in, the same number out." in page
    assert "Leave that row out and go on" in failed_page(signed_in, job_in, bad_rows=1)
    assert "1 row so far" in signed_in.get(f"/jobs/{job_in(JobState.RUNNING, rows_read=1)}").text
    job_in(JobState.DONE, summary={"bad_rows": 1})
    assert "done, 1 row left out" in signed_in.get("/files").text


def test_a_single_part_has_its_figures_beside_the_one_button(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = " ".join(signed_in.get(f"/jobs/{job_in(JobState.DONE)}").text.split())
    assert page.count("download>") == 1
    assert "<h2>Part" not in page
    for words in ("2 rows", f"{len(TOTALS)} bytes", hashlib.sha256(TOTALS).hexdigest()):
        assert words in page


def test_several_parts_are_listed_each_with_its_button(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.DONE, parts=(TOTALS, TOTALS))}").text
    assert "<h2>Parts</h2>" in page
    assert page.count("download>") == 3


def test_a_long_name_has_all_of_itself_in_its_title(signed_in: FlaskClient, job_in: JobIn) -> None:
    name = "plays & " * 25 + ".csv"
    job_id = job_in(JobState.DONE, name=name)
    for where in (f"/jobs/{job_id}", "/files"):
        assert f'title="{name.replace("&", "&amp;")}"' in signed_in.get(where).text


def test_rows_left_out_are_listed_up_to_a_hundred(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.DONE, rejected=ROWS)}").text
    assert "128 rows left out" in page
    assert page.count("There is no date.") == 100
    assert "left-out.csv" in page


def test_a_job_without_parts_or_summary_still_has_a_page(signed_in: FlaskClient, job_in: JobIn) -> None:
    assert signed_in.get(f"/jobs/{job_in(JobState.DONE, parts=(), summary=None)}").status_code == 200
    assert signed_in.get(f"/jobs/{job_in(JobState.FAILED, error={'code': 'x'})}").status_code == 200


def test_what_people_send_is_shown_and_never_run(signed_in: FlaskClient, job_in: JobIn) -> None:
    evil = '<script>alert("x")</script>'
    totals = f'Song,Date,Total\n"{evil.replace(chr(34), chr(34) * 2)}",2020-01-01,{evil}\n'.encode()
    error = {"code": "bad", "message": evil, "line": 2, "column": evil, "value": evil, "bad_rows": 1}
    rejected = ({"line": 1, "column": evil, "value": evil, "reason": evil},)
    done = job_in(JobState.DONE, name=evil, parts=(totals,), rejected=rejected)
    failed = job_in(JobState.FAILED, name=evil, error=error)
    for where in (f"/jobs/{done}", f"/jobs/{failed}", "/files"):
        page = signed_in.get(where).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_a_failed_job_says_where_and_offers_a_way_on(app: Flask, signed_in: FlaskClient, job_in: JobIn) -> None:
    job_id = job_in(JobState.FAILED)
    page = signed_in.get(f"/jobs/{job_id}").text
    for words in ("1,204,883", "Number of Plays", "12.5", "Leave the 3 rows out and go on", "Upload a corrected file"):
        assert words in page
    answer = signed_in.post(f"/jobs/{job_id}/run-again", data={"bad_rows": "skip"})
    with app.app_context():
        again = db.session.get(Job, answer.location.removeprefix("/jobs/"))
        assert (again.state, again.options) == (JobState.QUEUED, {"bad_rows": "skip"})
        assert again.upload_id == db.session.get(Job, job_id).upload_id


def test_bad_rows_of_a_failed_job_are_listed_up_to_a_hundred(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.FAILED, error=refusal(bad_rows=128), rejected=ROWS)}").text
    assert '<a class="button quiet" href="#rows">See them</a>' in page
    assert '<h2 id="rows">128 rows that we cannot read</h2>' in page
    assert page.count("There is no date.") == 100
    assert "These are the first 100." in page
    assert "left-out.csv" not in page


def test_without_a_list_of_bad_rows_there_is_nothing_to_see(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = failed_page(signed_in, job_in)
    assert "See them" not in page
    assert "that we cannot read" not in page


def test_a_job_whose_file_is_gone_offers_no_other_run(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, files: Files
) -> None:
    job_id = job_in(JobState.FAILED)
    with app.app_context():
        files.remove_upload(db.session.get(Job, job_id).upload_id)
    page = signed_in.get(f"/jobs/{job_id}").text
    assert "run-again" not in page
    assert "Upload a corrected file" in page


def test_a_refusal_that_no_left_out_row_mends_offers_none(signed_in: FlaskClient, job_in: JobIn) -> None:
    error = {"code": "empty", "message": "The file is empty.", "bad_rows": 0}
    assert "out and go on" not in signed_in.get(f"/jobs/{job_in(JobState.FAILED, error=error)}").text


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
    assert "and its totals are deleted." in answer.text
    assert signed_in.get(f"/jobs/{job_id}").status_code == 404
    assert [path for path in files.data_dir.rglob("*") if path.is_file() and path.parent.name != "data"] == []


def test_deleting_one_run_says_that_its_file_stays_for_the_others(signed_in: FlaskClient, job_in: JobIn) -> None:
    job_id = job_in(JobState.FAILED)
    signed_in.post(f"/jobs/{job_id}/run-again", data={"bad_rows": "skip"})
    answer = signed_in.post(f"/jobs/{job_id}/delete", follow_redirects=True)
    assert "The file stays for the other runs over it." in answer.text


def test_totals_of_no_rows_are_not_shown_as_a_success(signed_in: FlaskClient, job_in: JobIn) -> None:
    report = summary() | {"rows_read": 7, "rows_used": 0, "bad_rows": 7}
    assert "Not one row could be read" in signed_in.get(f"/jobs/{job_in(JobState.DONE, summary=report)}").text
    assert "Not one row could be read" not in signed_in.get(f"/jobs/{job_in(JobState.DONE)}").text


def test_the_list_is_friendly_when_empty(signed_in: FlaskClient) -> None:
    assert "Nothing here yet. Your first file takes a minute" in signed_in.get("/files").text
    assert "No files here." in signed_in.get("/files?show=failed").text


@pytest.mark.parametrize("shown", SHOWN)
def test_the_list_shows_the_states_asked_for(signed_in: FlaskClient, job_in: JobIn, shown: str) -> None:
    for state in JobState:
        job_in(state, name=f"{state.value}.csv")
    page = signed_in.get(f"/files?show={shown}").text
    for state in JobState:
        assert (f"{state.value}.csv" in page) is (state in SHOWN[shown] or shown == "all")


def test_the_list_turns_pages_and_takes_odd_numbers(
    signed_in: FlaskClient, job_in: JobIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.pages.jobs.PAGE", 2)
    for number in range(3):
        job_in(JobState.CANCELLED, name=f"{number}.csv")
    first, second = signed_in.get("/files").text, signed_in.get("/files?page=2").text
    assert ("2.csv" in first, "0.csv" in first, "Older" in first) == (True, False, True)
    assert ("2.csv" in second, "0.csv" in second, "Newer" in second) == (False, True, True)
    for odd in ("page=-3", "page=x", "page=99999", "show=%00", "page=99999999999999999999"):
        assert signed_in.get(f"/files?{odd}").status_code == 200


def test_the_list_asks_again_only_while_something_goes_on(signed_in: FlaskClient, job_in: JobIn) -> None:
    job_in(JobState.DONE)
    assert "hx-trigger" not in signed_in.get("/files").text
    job_in(JobState.RUNNING)
    assert "hx-trigger" in signed_in.get("/files").text
    assert signed_in.get("/files", headers={"HX-Request": "true"}).text.lstrip().startswith("<div")
