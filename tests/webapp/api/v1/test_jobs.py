"""Jobs in the newer API: all about one, a list of them, ending and removing one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from processing.sentences import bad_row_json, error_json, label
from store.database import db, now
from store.failures import FAILURES_OF_OURS, failure
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import STATES, UNFINISHED, JobState
from tests.jobs import DETECTED, refusal
from webapp.api import schemas
from webapp.errors.problems import PROBLEM_TYPES

Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]
SITE = "http://localhost"
ROWS = tuple({"line": n, "column": "Date", "value": "x", "reason": "has no date"} for n in range(2, 152))


@pytest.mark.parametrize("state", JobState)
def test_a_job_in_any_state_has_the_keys_of_the_document(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState
) -> None:
    job_id = job_in(state)
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer())
    assert (answer.status_code, set(answer.json)) == (200, set(schemas.JobSchema().fields))
    assert (answer.json["id"], answer.json["state"]) == (job_id, state.value)
    assert answer.json["is_final"] is STATES[state].is_final
    assert ("Retry-After" in answer.headers) is not STATES[state].is_final
    assert set(answer.json["totals"]) == set(schemas.TotalsSchema().fields)
    assert set(answer.json["links"]) == set(schemas.JobLinksSchema().fields)


@pytest.mark.parametrize("state", JobState)
def test_every_link_of_a_job_leads_somewhere_and_what_has_none_is_not_to_be_had(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState
) -> None:
    job_id = job_in(state, rejected=ROWS)
    links = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json["links"]
    for name, path in {"file": "file", "parts": "parts", "zip": "parts.zip", "rejected": "rejected.csv"}.items():
        address = links[name] or f"/api/v1/jobs/{job_id}/{path}"
        with client.get(address, headers=bearer()) as answer:
            assert (answer.status_code == 200) is (links[name] is not None), name
    assert (links["cancel"] is None) is STATES[state].is_final
    for name in ("cancel", "runs"):
        if links[name]:
            assert client.post(links[name], headers=bearer()).status_code in (200, 202)


def test_a_job_that_is_done_tells_all(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.DONE, name="märz.csv", rejected=ROWS, options=JobOptions(bad_rows="skip", quote="none"))
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert (answer["step"], answer["percent"], answer["file_name"]) == ("writing", 100, "märz.csv")
    assert answer["options"] == JobOptions(bad_rows="skip", quote="none").values()
    assert answer["detected"] == DETECTED
    assert answer["totals"] == {
        "rows_read": 30_000_000,
        "rows_used": 29_999_850,
        "bad_rows": 150,
        "plays": 14_983_596_449,
        "groups": 24_693_301,
    }
    assert answer["rejected"] == list(ROWS[:100])
    assert answer["error"] is None
    assert answer["links"]["self"] == f"{SITE}/api/v1/jobs/{job_id}"
    assert answer["created_at"].endswith("Z")


def test_plays_of_any_size_are_a_json_integer(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.DONE, summary={"plays": 2**70})
    text = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).text
    assert f'"plays":{2**70}' in text.replace(" ", "")


def test_a_job_that_works_says_how_far_it_is(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.RUNNING, step="reading", fraction=0.476, rows_per_second=3.1e6, seconds_left=6.5)
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert (answer["step"], answer["percent"]) == ("reading", 47)
    assert (answer["rows_per_second"], answer["seconds_left"]) == (3.1e6, 6.5)
    assert (answer["detected"], answer["rejected"], answer["links"]["parts"]) == (None, [], None)
    assert set(answer["totals"].values()) == {None}


def test_a_job_that_failed_says_why_and_what_it_knew(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    question = {"options": ["quote"], "choices": [{"value": "none", "label": "none"}]}
    error = refusal(bad_rows=150, question=question)
    job_id = job_in(JobState.FAILED, error=error, rejected=ROWS, detected={"delimiter": ";"})
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert answer["error"] == error_json(error)
    assert set(answer["error"]) == {"code", "message", "line", "column", "value", "bad_rows", "question"}
    assert answer["detected"] == DETECTED | {"delimiter": ";"}
    assert (answer["totals"]["bad_rows"], answer["totals"]["rows_read"]) == (150, None)
    assert len(answer["rejected"]) == 100


def test_a_failed_job_has_its_question_and_rows_in_words(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    row = {"line": 2, "column": "Date", "value": "soon", "code": "not_a_date", "params": {"style": "DD/MM/YYYY"}}
    choices = [{"value": "point", "key": "thousands", "params": {"written": "2.101", "number": 2101}}]
    error = refusal(question={"options": ["thousands"], "choices": choices})
    job_id = job_in(JobState.FAILED, error=error, rejected=(row, ROWS[0]), detected={})
    answer = client.get(f"/api/v1/jobs/{job_id}", headers=bearer()).json
    assert answer["error"]["question"]["choices"] == [
        {"value": "point", "label": label("thousands", choices[0]["params"])}
    ]
    assert answer["rejected"] == [bad_row_json(row), ROWS[0]]  # the second one as an earlier version kept it


def test_a_failure_of_ours_is_told_with_its_sentence(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    error = failure("worker_died", tries=3)
    answer = client.get(f"/api/v1/jobs/{job_in(JobState.FAILED, error=error)}", headers=bearer()).json
    assert answer["error"]["message"] == FAILURES_OF_OURS["worker_died"].format(tries=3)
    assert "params" not in answer["error"]


def test_a_list_shows_the_callers_jobs_only_newest_first(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    ids = [job_in(JobState.DONE), job_in(JobState.FAILED)]
    job_in(JobState.DONE, "bert")
    listed = client.get("/api/v1/jobs", headers=bearer()).json
    assert [job["id"] for job in listed["items"]] == ids[::-1]
    assert set(listed["items"][0]) == set(schemas.JobSummarySchema().fields)
    assert listed["next"] is None


def test_pages_show_each_job_once_while_new_ones_arrive(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn
) -> None:
    ids = [job_in(JobState.DONE) for _ in range(7)]
    with app.app_context():  # several of the same moment
        db.session.query(Job).filter(Job.id.in_(ids[:5])).update({"created_at": now() - timedelta(hours=1)})
        db.session.commit()
    seen, address = [], "/api/v1/jobs?limit=2&state=done&state=failed"
    while address:
        answer = client.get(address, headers=bearer())
        seen += [job["id"] for job in answer.json["items"]]
        address = answer.json["next"]
        assert answer.headers.get("Link") == (f'<{address}>; rel="next"' if address else None)
        job_in(JobState.DONE)
    assert sorted(seen) == sorted(ids)
    assert seen[:2] == ids[:4:-1]


def test_filters_hold_on_every_page(app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    old = job_in(JobState.DONE, name="Shop_1%.csv", created_at=now() - timedelta(days=2))
    failed = job_in(JobState.FAILED, name="shop 2.csv")
    waiting = job_in(JobState.QUEUED, name="other.csv")

    def found(query: str) -> list[str]:
        return [job["id"] for job in client.get(f"/api/v1/jobs?{query}", headers=bearer()).json["items"]]

    assert found("state=failed&state=queued") == [waiting, failed]
    assert found("file_name=SHOP") == [failed, old]
    assert found("file_name=%251%25") == []
    assert found("file_name=1%25") == [old]
    yesterday = (now() - timedelta(days=1)).isoformat().replace("+", "%2B")
    assert found(f"created_after={yesterday}") == [waiting, failed]
    assert found(f"created_before={yesterday}") == [old]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "state=ready",
        "cursor=x",
        "cursor=%FF",
        "created_after=yesterday",
        "created_after=2026-01-01T00:00:00",
        "created_after=0001-01-01T00:00:00%2B14:00",
        "created_before=9999-12-31T23:59:59-14:00",
        "page=2",
        "file_name=" + "x" * 256,
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, bearer: Bearer, query: str) -> None:
    answer = client.get(f"/api/v1/jobs?{query}", headers=bearer())
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["type"] == f"{SITE}/help/problems#bad-request"
    assert [error["option"] for error in answer.json["errors"]] == [query.split("=")[0]]
    assert set(answer.json) == set(schemas.ProblemSchema().fields) - {"job"}


@pytest.mark.parametrize("state", JobState)
def test_cancelling_ends_what_goes_on_and_may_be_said_twice(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState
) -> None:
    job_id = job_in(state)
    for _ in range(2):
        answer = client.post(f"/api/v1/jobs/{job_id}/cancel", headers=bearer())
        assert answer.status_code == 200
        assert answer.json["state"] == ("cancelled" if state in UNFINISHED else state)


@pytest.mark.parametrize("state", JobState)
def test_a_deleted_job_leaves_neither_row_nor_file(
    app: Flask, client: FlaskClient, bearer: Bearer, job_in: JobIn, files: Files, state: JobState
) -> None:
    job_id = job_in(state)
    with app.app_context():
        upload_id = db.session.get_one(Job, job_id).upload_id
    answer = client.delete(f"/api/v1/jobs/{job_id}", headers=bearer())
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.delete(f"/api/v1/jobs/{job_id}", headers=bearer()).status_code == 404
    assert not files.upload(upload_id).exists()
    with app.app_context():
        assert db.session.get(Job, job_id) is None


def test_a_problem_names_a_paragraph_of_the_help_page(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"/api/v1/jobs/{'0' * 32}", headers=bearer())
    assert answer.json == {
        "type": f"{SITE}/help/problems#not-found",
        "title": PROBLEM_TYPES["not-found"].title,
        "status": 404,
        "detail": "There is no such job.",
        "instance": f"/api/v1/jobs/{'0' * 32}",
        "errors": [],
    }
    address = urlsplit(answer.json["type"])
    assert f'id="{address.fragment}"' in client.get(address.path).text


@pytest.mark.parametrize(
    ("method", "path", "kind"), [("GET", "/api/v1/nothing", "not-found"), ("PUT", "/api/v1/jobs", "no-such-method")]
)
def test_what_is_not_there_is_a_problem_too(
    client: FlaskClient, bearer: Bearer, method: str, path: str, kind: str
) -> None:
    answer = client.open(path, method=method, headers=bearer())
    assert (answer.content_type, answer.json["type"]) == ("application/problem+json", f"{SITE}/help/problems#{kind}")
