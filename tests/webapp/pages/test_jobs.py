"""The page of a job has a face for each state, and says what may be done."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from processing import sentences
from store.database import db, now
from store.failures import error_json, failure
from store.files import Files
from store.jobs import keep_until
from store.models import Job
from store.states import STATES, UNFINISHED, JobState
from tests.jobs import TOTALS, refusal, summary
from tests.paths import ROOT
from tests.webapp.elements import text_of
from webapp import formatting
from webapp.pages.detected_format import SEPARATORS
from webapp.pages.job_view import ASKS, FIRST_ROWS, STEPS, UNREADABLE

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
    assert (UNREADABLE if state is JobState.FAILED else STATES[state].sentence) in unescape(page.text)


def test_a_failed_job_says_whether_it_can_be_helped(signed_in: FlaskClient, job_in: JobIn) -> None:
    question = {"options": ["quote"], "choices": [{"value": "none", "label": "none"}]}
    for error, sentence in (
        (refusal(question=question), ASKS),
        (refusal(), UNREADABLE),
        (failure("disk_full"), STATES[JobState.FAILED].sentence),
    ):
        page = unescape(signed_in.get(f"/jobs/{job_in(JobState.FAILED, error=error)}").text)
        assert f'<p class="state">{sentence}</p>' in page
        assert error_json(error, sentences.error_json)["message"] in page


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
    assert formatting.counted(2, "file") in (text_of(last, "turn") or "")


def test_a_working_job_says_how_far_it_is(signed_in: FlaskClient, job_in: JobIn) -> None:
    figures = {"fraction": 0.476, "rows_read": 14_102_334, "rows_per_second": 3.1e6, "seconds_left": 6.2}
    page = signed_in.get(f"/jobs/{job_in(JobState.RUNNING, step='reading', **figures)}").text
    for words in ("47%", "14,102,334", formatting.rate(3.1e6), formatting.span(6.2)):
        assert words in page
    assert f'<li class="now" aria-current="step">{STEPS["reading"]}</li>' in page
    assert text_of(page, "silent") is None
    assert text_of(page, "trial") is None


@pytest.mark.parametrize("step", [*STEPS, None])
def test_a_job_that_works_never_says_100_percent(signed_in: FlaskClient, job_in: JobIn, step: str | None) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.RUNNING, step=step, fraction=1.0)}").text
    assert "99%" in page
    assert "100%" not in page


def test_silence_and_a_second_try_are_told(signed_in: FlaskClient, job_in: JobIn) -> None:
    quiet = {"heartbeat_at": now() - timedelta(minutes=7), "crashes": 1}
    page = signed_in.get(f"/jobs/{job_in(JobState.RUNNING, **quiet)}").text
    assert formatting.span(7 * 60) in (text_of(page, "silent") or "")
    assert "2 of 3" in (text_of(page, "trial") or "")
    waiting = signed_in.get(f"/jobs/{job_in(JobState.QUEUED, crashes=2)}").text
    assert "3 of 3" in (text_of(waiting, "trial") or "")


def test_a_job_that_is_done_proves_its_sums_and_shows_its_first_rows(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.DONE)}").text
    proof = text_of(page, "proof") or ""
    assert re.findall(r"[\d,.]*\d", proof)[:3] == ["30,000,000", "30,000,000", "14,983,596,449"]
    assert "<td>In The End</td>" in page
    assert '<td class="number">1,500</td>' in page
    assert formatting.day_and_year(keep_until(30)) in page
    assert SEPARATORS[","] in page
    assert "left-out.csv" not in page


def test_a_job_that_skipped_rows_says_how_many_of_how_many(signed_in: FlaskClient, job_in: JobIn) -> None:
    figures = {"rows_read": 2000, "rows_used": 1997, "bad_rows": 3, "plays": 1_975_448}
    proof = text_of(signed_in.get(f"/jobs/{job_in(JobState.DONE, summary=figures)}").text, "proof") or ""
    assert re.findall(r"[\d,.]*\d%?", proof)[:5] == ["1,997", "2,000", "3", "0.15%", "1,975,448"]


def test_the_first_rows_say_of_how_many_they_are(signed_in: FlaskClient, job_in: JobIn) -> None:
    many = TOTALS.splitlines()[0] + b"".join(b"\nA,2020-01-%02d,1" % day for day in range(1, 21)) + b"\n"
    for parts, shown, rows in (((many, TOTALS), FIRST_ROWS, 22), ((TOTALS,), None, 2)):
        heading = text_of(signed_in.get(f"/jobs/{job_in(JobState.DONE, parts=parts)}").text, "first-rows") or ""
        assert re.findall(r"\d+", heading) == [str(number) for number in (shown, rows) if number]


def test_one_is_said_as_one(signed_in: FlaskClient, job_in: JobIn) -> None:
    figures = {"rows_read": 1, "rows_used": 1, "bad_rows": 0, "plays": 1}
    proof = text_of(signed_in.get(f"/jobs/{job_in(JobState.DONE, summary=figures)}").text, "proof") or ""
    assert "1 row " in proof
    assert "1 play " in proof
    assert "rows" not in (text_of(failed_page(signed_in, job_in, bad_rows=1), "skip") or "rows")
    assert "1 row " in signed_in.get(f"/jobs/{job_in(JobState.RUNNING, rows_read=1)}").text
    job_in(JobState.DONE, summary={"bad_rows": 1})
    assert ", 1 row " in signed_in.get("/files").text


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
    assert (text_of(page, "rows") or "").startswith("128 rows ")
    assert re.findall(r"\d+", text_of(page, "first-skipped") or "") == ["100", "128"]
    assert page.count("There is no date.") == 100
    assert "left-out.csv" in page


def test_rows_are_listed_with_the_reasons_of_their_codes(signed_in: FlaskClient, job_in: JobIn) -> None:
    row = {"line": 2, "column": "Date", "value": "soon", "code": "not_a_date", "params": {"style": "DD/MM/YYYY"}}
    page = signed_in.get(f"/jobs/{job_in(JobState.DONE, rejected=(row,))}").text
    assert sentences.bad_row_json(row)["reason"] in unescape(page)


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
    for words in ("1,204,883", "Number of Plays", "12.5", sentences.error_json(refusal())["message"]):
        assert words in unescape(page)
    assert "3 rows" in (text_of(page, "skip") or "")
    assert text_of(page, "try-again") is None
    answer = signed_in.post(f"/jobs/{job_id}/run-again", data={"bad_rows": "skip"})
    with app.app_context():
        again = db.session.get(Job, answer.location.removeprefix("/jobs/"))
        assert (again.state, again.options) == (JobState.QUEUED, {"bad_rows": "skip"})
        assert again.upload_id == db.session.get(Job, job_id).upload_id


def test_bad_rows_of_a_failed_job_are_listed_up_to_a_hundred(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = signed_in.get(f"/jobs/{job_in(JobState.FAILED, error=refusal(bad_rows=128), rejected=ROWS)}").text
    assert '<a class="button quiet" href="#rows">' in page
    assert (text_of(page, "rows") or "").startswith("128 rows ")
    assert page.count("There is no date.") == 100
    assert re.findall(r"\d+", text_of(page, "first-skipped") or "") == ["100", "128"]
    assert "left-out.csv" not in page


def test_without_a_list_of_bad_rows_there_is_nothing_to_see(signed_in: FlaskClient, job_in: JobIn) -> None:
    page = failed_page(signed_in, job_in)
    assert 'href="#rows"' not in page
    assert text_of(page, "rows") is None


def test_a_job_whose_file_is_gone_offers_no_other_run(
    app: Flask, signed_in: FlaskClient, job_in: JobIn, files: Files
) -> None:
    job_id = job_in(JobState.FAILED)
    with app.app_context():
        files.remove_upload(db.session.get(Job, job_id).upload_id)
    page = signed_in.get(f"/jobs/{job_id}").text
    assert "run-again" not in page
    assert text_of(page, "corrected")


def test_a_refusal_that_no_left_out_row_mends_offers_none(signed_in: FlaskClient, job_in: JobIn) -> None:
    error = {"code": "empty", "message": "The file is empty.", "bad_rows": 0}
    assert text_of(signed_in.get(f"/jobs/{job_in(JobState.FAILED, error=error)}").text, "skip") is None


def test_totals_of_no_rows_are_not_shown_as_a_success(signed_in: FlaskClient, job_in: JobIn) -> None:
    report = summary() | {"rows_read": 7, "rows_used": 0, "bad_rows": 7}
    page = signed_in.get(f"/jobs/{job_in(JobState.DONE, summary=report)}").text
    assert " 7 rows " in (text_of(page, "nothing-read") or "")
    assert text_of(page, "proof") is None
    assert text_of(signed_in.get(f"/jobs/{job_in(JobState.DONE)}").text, "nothing-read") is None
