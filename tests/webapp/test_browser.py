"""What only a real browser shows: our scripts, the CDN's integrity, and the pages without any script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Page, Route

from store import attempts, jobs
from store.database import db
from store.files import Files
from store.models import Job
from store.states import STATES, JobState
from store.tokens import READ_AND_WRITE
from tests.browser import COPY, SILENT, answer_for_the_cdn, sign_in, throttle_uploads
from tests.jobs import TOTALS, refusal
from webapp.pages.detected_format import SEPARATORS
from webapp.pages.job_view import UNREADABLE
from webapp.pages.jobs import DELETED


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Gives a page on which anna is signed in; ``cdn`` answers for the CDN, None leaves it unreachable."""
    contexts: list[BrowserContext] = []

    def page_with(cdn: bytes | None = COPY.read_bytes(), **choices: bool) -> Page:
        context = browser.new_context(base_url=address, **choices)
        contexts.append(context)
        answer_for_the_cdn(context, cdn)
        page = context.new_page()
        sign_in(page, "anna", "correct horse")
        return page

    yield page_with
    for context in contexts:
        context.close()


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    path = tmp_path / "plays <b>.csv"
    path.write_text("Song,Date,Number of Plays\n" + "Umbrella,2020-01-02,200\n" * 200_000)
    return path


def fail(app: Flask, job_id: str) -> None:
    """What a worker does that cannot read the file."""
    with app.app_context():
        claim = attempts.claim(job_id, 1, 30)
        assert claim is not None
        attempts.fail(claim, {"code": "x", "message": "Line 7 has no date.", "bad_rows": 1}, jobs.keep_until(30))


@pytest.mark.parametrize(
    "cdn",
    [COPY.read_bytes(), COPY.read_bytes() + b" ", None, SILENT],
    ids=["there", "changed", "away", "silent"],
)
def test_a_file_is_sent_and_its_page_follows_the_job_whatever_the_cdn_does(
    app: Flask, open_page: Callable[..., Page], plays: Path, cdn: bytes | None
) -> None:
    page = open_page(cdn)
    page.set_input_files("#file", plays)
    assert page.inner_text("#chosen") == "plays <b>.csv 4.8 MB"
    page.click("#start")
    page.wait_for_url("**/jobs/*")
    page.wait_for_selector(f"text={STATES[JobState.QUEUED].sentence}")
    fail(app, page.url.rsplit("/", 1)[1])
    page.wait_for_selector("text=Line 7 has no date.")
    assert page.inner_text("#say") == UNREADABLE
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1500)
    assert asked == []  # a job that has ended does not ask again


def test_a_cdn_that_answers_late_does_not_start_the_polling_twice(
    open_page: Callable[..., Page], job_in: Callable[..., str]
) -> None:
    page = open_page(SILENT)
    late: list[Route] = []
    page.route("https://cdn.jsdelivr.net/**", lambda route: late.append(route))
    with page.expect_response("**/now"):  # by our own copy
        page.goto(f"/jobs/{job_in(JobState.RUNNING, rows_read=1)}")
    page.evaluate("window.first = window.htmx")
    allowed = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
    for route in late:
        route.fulfill(body=COPY.read_bytes(), headers=allowed)
    with page.expect_response("**/now"):
        pass
    page.wait_for_timeout(300)
    assert late
    assert page.evaluate("window.first === window.htmx")


def test_a_cancelled_upload_leaves_nothing(open_page: Callable[..., Page], plays: Path, files: Files) -> None:
    page = open_page()
    throttle_uploads(page, 1_000_000)
    assert page.is_visible("#drop .drop-words")
    page.set_input_files("#file", plays)
    page.click("#start")
    page.wait_for_selector("#figures:has-text('of 4.8 MB')")
    page.click("#cancel")
    page.wait_for_selector("#problem.notice")  # it is no problem
    for _ in range(100):
        if not any((files.data_dir / "incoming").iterdir()):
            break
        page.wait_for_timeout(50)
    assert not any((files.data_dir / "incoming").iterdir())
    assert not any((files.data_dir / "uploads").iterdir())


def test_everything_works_without_scripts(app: Flask, open_page: Callable[..., Page], plays: Path) -> None:
    page = open_page(java_script_enabled=False)
    assert not page.is_visible("#drop .drop-words")
    page.set_input_files("#file", plays)
    page.check("input[name=bad_rows][value=skip]")
    page.click("#start")
    page.wait_for_selector(f"text={STATES[JobState.QUEUED].sentence}")
    job_id = page.url.rsplit("/", 1)[1]
    with app.app_context():
        assert db.session.get_one(Job, job_id).options == {"bad_rows": "skip"}
    page.click("#job a.without-scripts")
    page.click("#cancel")
    page.wait_for_selector("#job.cancelled")
    page.click(".delete summary")
    page.click(".delete button")
    page.wait_for_selector(f"text={DELETED.format(name=plays.name)}")
    page.click("nav form button")
    page.wait_for_selector("input[name=username]")


def test_a_file_is_read_differently_without_scripts(
    app: Flask, open_page: Callable[..., Page], job_in: Callable[..., str]
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"/jobs/{job_in(JobState.DONE)}")
    page.click(".differently summary")
    page.select_option("select[name=delimiter]", label=SEPARATORS[";"])
    page.fill("input[name=header_line]", "none")
    page.click(".differently .actions button")
    page.wait_for_selector(f"text={STATES[JobState.QUEUED].sentence}")
    with app.app_context():
        options = db.session.get_one(Job, page.url.rsplit("/", 1)[1]).options
    assert options == {"bad_rows": "stop", "delimiter": "semicolon", "header_line": "none"}


def test_a_question_wants_each_of_its_answers(
    app: Flask, open_page: Callable[..., Page], job_in: Callable[..., str]
) -> None:
    columns = ("song_column", "date_column", "plays_column")
    choices = [{"value": str(number), "label": f"Column {number}"} for number in (1, 2, 3)]
    error = refusal(code="columns_unclear", bad_rows=0, question={"options": columns, "choices": choices})
    page = open_page()
    page.goto(f"/jobs/{job_in(JobState.FAILED, error=error)}")
    before = page.url
    for number, column in enumerate(columns, start=1):
        page.click(".question .actions button")
        assert page.url == before
        page.select_option(f".question select[name={column}]", str(number))
    page.click(".question .actions button")
    page.wait_for_selector(f"text={STATES[JobState.QUEUED].sentence}")
    with app.app_context():
        options = db.session.get_one(Job, page.url.rsplit("/", 1)[1]).options
    assert options == {"bad_rows": "stop", "song_column": "1", "date_column": "2", "plays_column": "3"}


def test_a_wrong_option_is_shown_at_its_field(open_page: Callable[..., Page], job_in: Callable[..., str]) -> None:
    page = open_page()
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"/jobs/{job_in(JobState.DONE)}")
    page.click(".differently summary")
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    page.fill("input[name=header_line]", "three")
    page.click(".differently .actions button")
    page.wait_for_selector("text=header_line should be the number of a line")
    assert page.evaluate("document.activeElement.name") == "header_line"
    assert page.locator("#wrong").evaluate("it => it.getBoundingClientRect().top < innerHeight")


def test_the_keyboard_keeps_its_place_while_the_page_changes(
    open_page: Callable[..., Page], job_in: Callable[..., str]
) -> None:
    page = open_page()
    page.goto(f"/jobs/{job_in(JobState.RUNNING, rows_read=1)}")
    page.focus("#cancel")
    with page.expect_response("**/now"):
        pass
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.id") == "cancel"


def test_on_a_phone_nothing_is_dropped(open_page: Callable[..., Page]) -> None:
    page = open_page(has_touch=True, is_mobile=True)
    page.goto("/")
    assert page.is_visible("#choose")
    assert not page.is_visible("#drop .drop-words")


def test_a_very_long_name_takes_three_lines(open_page: Callable[..., Page], job_in: Callable[..., str]) -> None:
    page = open_page()
    page.set_viewport_size({"width": 360, "height": 700})
    for where in (f"/jobs/{job_in(JobState.DONE, name='a' * 250 + '.csv')}", "/files"):
        page.goto(where)
        name = page.locator(".file-name").first
        lines = name.evaluate("it => it.clientHeight / parseFloat(getComputedStyle(it).lineHeight)")
        assert 2.5 < lines < 3.6, where


def test_no_page_is_wider_than_a_phone(open_page: Callable[..., Page], job_in: Callable[..., str]) -> None:
    page = open_page()
    page.set_viewport_size({"width": 320, "height": 700})
    row = {"line": 2, "column": "Number of Plays", "value": "x" * 70, "reason": "Not a whole number of plays."}
    wide = {"detected": {"column_names": ["x" * 80, "y" * 80, "z" * 80]}, "rejected": (row,)}
    order = [{"value": "DD/MM/YYYY", "label": "day/month/year, like 31/03/2024 for 31 March 2024"}]
    error = refusal(question={"options": ["date_style"], "choices": order})
    jobs_there = [job_in(state, name="a" * 120 + ".csv", error=error, **wide) for state in JobState]
    jobs_there.append(job_in(JobState.DONE, parts=(TOTALS, TOTALS)))
    for where in ("/", "/files", "/account", *(f"/jobs/{job_id}" for job_id in jobs_there)):
        page.goto(where)
        page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, where


def test_a_token_is_made_and_revoked_without_scripts(open_page: Callable[..., Page], client: FlaskClient) -> None:
    def opens(secret: str) -> bool:
        return client.get("/api/v1/jobs", headers={"Authorization": f"Bearer {secret}"}).status_code == 200

    page = open_page(java_script_enabled=False)
    page.goto("/account")
    page.fill("#tokens input[name=name]", "nightly run")
    page.select_option("#tokens select[name=scopes]", READ_AND_WRITE)
    page.select_option("#tokens select[name=days]", "never")
    page.click("#make-token")
    secret = page.locator("#made code").inner_text()
    assert opens(secret)
    page.get_by_role("button", name="Revoke nightly run").click()
    page.wait_for_selector(".notice:has-text('nightly run')")
    assert not opens(secret)


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_a_token_that_was_just_made_fits_whatever_its_name(open_page: Callable[..., Page], width: int) -> None:
    page = open_page()
    page.set_viewport_size({"width": width, "height": 700})
    page.goto("/account")
    page.fill("#tokens input[name=name]", "x" * 80)
    page.click("#make-token")
    page.wait_for_selector("#made code")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
