"""Whose is it: every address that takes an id, asked by everyone who should not have it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from store import resumable_uploads, tokens
from store.database import db
from store.files import Files
from store.models import Account, Job, Resumable
from store.options import JobOptions
from store.states import JobState
from store.tokens import READ, READ_AND_WRITE
from tests.webapp.conftest import account_id, form_token

# Every rule of the site that takes an id, with its method. A rule that is missing here fails the first test.
PAGES = {
    "jobs.show": "GET",
    "jobs.fragment": "GET",
    "jobs.cancel": "POST",
    "jobs.delete": "POST",
    "jobs.run_again": "POST",
    "download.part": "GET",
    "download.everything": "GET",
    "download.left_out": "GET",
}
CALLS = {
    "api_jobs.csv_task_result": "GET",
    "api_files.output_file": "GET",
    "api_files.input_file": "GET",
    "api_v1_jobs.one": "GET",
    "api_v1_parts.listed": "GET",
    "api_v1_parts.download": "GET",
    "api_v1_parts.everything": "GET",
    "api_v1_parts.rejected": "GET",
    "api_v1_parts.file": "GET",
    "api_v1_creating.run_again": "POST",
    "api_v1_jobs.cancel": "POST",
    "api_v1_jobs.delete": "DELETE",
    "api_v1_uploads.one": "GET",
    "api_v1_uploads.standing": "HEAD",
    "api_v1_uploads.append": "PATCH",
    "api_v1_uploads.cancel": "DELETE",
}
TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
ADMINISTRATION = {"admin.change_person": "POST"}
OF_ONES_OWN = {"tokens.revoke": "POST"}  # an administrator's, too; tried in tests/webapp/pages/test_tokens.py
FILES_OF_OURS = {"static"}
REJECTED_ROW = {"line": 2, "column": "Date", "value": "", "reason": "There is no date."}


@pytest.fixture
def annas_job(app: Flask, job_in: Callable[..., str], files: Files) -> str:
    """A job that is done; beside it there is an upload of hers that still arrives."""
    with app.app_context():
        resumable_uploads.create(files, account_id("anna"), name="a.csv", length=9, options=JobOptions(), said=None)
    return job_in(JobState.DONE, rejected=(REJECTED_ROW,))


def address(app: Flask, endpoint: str, job_id: str) -> str:
    with app.app_context():
        job = db.session.get(Job, job_id)
        part_id = job.parts[0].id if job else "0" * 32
        upload = db.session.query(Resumable).first()
        upload_id = upload.id if job and upload else "f" * 32
    ids = {"<job_id>": job_id, "<part_id>": part_id, "<upload_id>": upload_id, "<number>": "1"}
    address = str(next(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint))
    for name, value in ids.items():
        address = address.replace(name, value)
    return address


def call(browser: FlaskClient, endpoint: str, job_id: str, headers: dict[str, str] | None = None) -> TestResponse:
    """What a script sends; what only tus wants to know does not hurt the others."""
    where = address(browser.application, endpoint, job_id)
    return browser.open(where, method=CALLS[endpoint], headers=TUS | (headers or {}), buffered=True)


def test_every_rule_that_takes_an_id_is_in_this_matrix(app: Flask) -> None:
    with_id = {rule.endpoint for rule in app.url_map.iter_rules() if rule.arguments}
    assert with_id == set(PAGES) | set(CALLS) | set(ADMINISTRATION) | set(OF_ONES_OWN) | FILES_OF_OURS


@pytest.mark.parametrize("endpoint", PAGES)
def test_a_page_of_someone_else_looks_like_one_that_never_was(
    app: Flask, sign_in: Callable[[str], FlaskClient], annas_job: str, endpoint: str
) -> None:
    bert, method = sign_in("bert"), PAGES[endpoint]
    foreign = bert.open(address(app, endpoint, annas_job), method=method)
    unknown = bert.open(address(app, endpoint, "f" * 32), method=method)
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    texts = [answer.text.replace(form_token(answer.text), "") for answer in (foreign, unknown)]  # each page has its own
    assert texts[0].replace(annas_job, "") == texts[1].replace("f" * 32, "")


@pytest.mark.parametrize("endpoint", PAGES)
def test_a_page_wants_a_signed_in_visitor_whatever_token_is_sent(
    app: Flask, client: FlaskClient, bearer: Callable[..., dict[str, str]], annas_job: str, endpoint: str
) -> None:
    for headers in ({}, bearer("anna")):
        answer = client.open(address(app, endpoint, annas_job), method=PAGES[endpoint], headers=headers)
        assert answer.status_code in (303, 400)
        assert answer.status_code == 400 or answer.location.startswith("/sign-in")


@pytest.mark.parametrize("endpoint", PAGES)
def test_an_owner_and_an_administrator_get_through(
    app: Flask, sign_in: Callable[[str], FlaskClient], job_in: Callable[..., str], endpoint: str
) -> None:
    for username in ("anna", "chief"):
        job_id = job_in(JobState.DONE, rejected=(REJECTED_ROW,))
        with sign_in(username).open(address(app, endpoint, job_id), method=PAGES[endpoint]) as answer:
            assert answer.status_code in (200, 303)


@pytest.mark.parametrize("endpoint", CALLS)
def test_a_call_for_someone_elses_job_looks_like_one_that_never_was(
    app: Flask, client: FlaskClient, bearer: Callable[..., dict[str, str]], annas_job: str, endpoint: str
) -> None:
    foreign, unknown = [call(client, endpoint, job_id, bearer("bert")) for job_id in (annas_job, "f" * 32)]
    texts = [re.sub("[0-9a-f]{32}", "", answer.text) for answer in (foreign, unknown)]  # a problem names its address
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("endpoint", CALLS)
def test_a_call_wants_a_bearer_whatever_cookie_is_sent(
    app: Flask, signed_in: FlaskClient, client: FlaskClient, annas_job: str, endpoint: str
) -> None:
    for browser in (signed_in, client):
        answer = call(browser, endpoint, annas_job)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("endpoint", CALLS)
def test_a_disabled_account_can_no_longer_call(
    app: Flask, client: FlaskClient, bearer: Callable[..., dict[str, str]], annas_job: str, endpoint: str
) -> None:
    headers = bearer("anna")
    assert call(client, endpoint, annas_job, headers).status_code in (200, 202, 204)
    with app.app_context():
        anna = db.session.query(Account).filter_by(username="anna").one()
        anna.disabled_at = anna.created_at
        db.session.commit()
    assert call(client, endpoint, annas_job, headers).status_code == 401


@pytest.mark.parametrize("endpoint", CALLS)
def test_a_token_that_was_revoked_or_is_only_for_refreshing_opens_nothing(
    app: Flask, client: FlaskClient, annas_job: str, endpoint: str
) -> None:
    with app.app_context():
        anna = account_id("anna")
        revoked = tokens.make(anna, "revoked", READ_AND_WRITE, None).secret
        tokens.revoke_all(anna)
        refreshing = tokens.issue(anna, "refresh")
    for secret in (revoked, refreshing, "", "x"):
        assert call(client, endpoint, annas_job, {"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize("endpoint", CALLS)
def test_a_token_for_reading_changes_nothing(app: Flask, client: FlaskClient, annas_job: str, endpoint: str) -> None:
    with app.app_context():
        secret = tokens.make(account_id("anna"), "reading", READ, None).secret
    answer = call(client, endpoint, annas_job, {"Authorization": f"Bearer {secret}"})
    assert answer.status_code == (200 if CALLS[endpoint] in ("GET", "HEAD") else 403)


def test_an_administrators_script_sees_its_own_jobs_only(
    app: Flask, client: FlaskClient, bearer: Callable[..., dict[str, str]], annas_job: str
) -> None:
    for endpoint in CALLS:
        assert call(client, endpoint, annas_job, bearer("chief")).status_code == 404


def test_administration_is_for_administrators(app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    anna, chief = sign_in("anna"), sign_in("chief")
    for where in ("/admin/files", "/admin/people"):
        assert anna.get(where).status_code == 403
        assert chief.get(where).status_code == 200
    assert anna.post("/admin/people/2/disable").status_code == 403
    for unknown in ("999", "9" * 30, "x"):
        assert chief.post(f"/admin/people/{unknown}/disable").status_code == 404


def test_an_id_that_is_no_id_is_just_unknown(
    signed_in: FlaskClient, client: FlaskClient, bearer: Callable[..., dict[str, str]]
) -> None:
    for odd in ("..", "%2e%2e%2fetc", "x" * 300, "%00", "1"):
        assert signed_in.get(f"/jobs/{odd}").status_code == 404
        assert signed_in.get(f"/parts/{odd}").status_code == 404
        assert client.get(f"/api/csv_task_result/{odd}/", headers=bearer()).status_code == 404
        assert client.get(f"/api/v1/jobs/{odd}", headers=bearer()).status_code == 404
