"""What Prometheus reads, beside what was really done; and who may read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from common.settings import Settings
from processing.progress import Step
from store import attempts, jobs
from store.database import db, now
from store.files import Files
from store.models import LeaderLease
from store.states import JobState
from tests.paths import ROOT
from tests.webapp.conftest import MakeApp

TOKEN = "a token for Prometheus"
Found = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(client: FlaskClient) -> Found:
    """All samples: (name, labels) -> value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def by(found: Found, name: str) -> dict[str, float]:
    """The values of a family with one label, by that label."""
    return {labels[0][1]: value for (of, labels), value in found.items() if of == name}


def only(found: Found, name: str) -> float:
    """The value of a family without labels."""
    return found[name, ()]


def test_a_new_site_has_every_figure_at_nothing(client: FlaskClient) -> None:
    found = scraped(client)
    assert by(found, "playtally_jobs") == dict.fromkeys((state.value for state in JobState), 0)
    assert by(found, "playtally_queue_jobs") == {"small": 0, "large": 0}
    assert by(found, "playtally_queue_oldest_seconds") == {"small": 0, "large": 0}
    assert by(found, "playtally_jobs_ended_total") == {"done": 0, "failed": 0, "cancelled": 0}
    assert by(found, "playtally_attempts_ended_early_total") == {"crashed": 0, "retried": 0}
    assert by(found, "playtally_webhook_tries_total") == {"delivered": 0, "failed": 0, "given_up": 0}
    assert by(found, "playtally_step_seconds_total") == dict.fromkeys((str(step) for step in Step), 0)
    for name in ("uploads", "upload_bytes", "rows_read", "parts", "part_bytes"):
        assert only(found, f"playtally_{name}_total") == 0
    assert (only(found, "playtally_database_up"), only(found, "playtally_redis_up")) == (1, 1)
    assert 0 < only(found, "playtally_disk_free_bytes") < only(found, "playtally_disk_size_bytes")
    assert by(found, "playtally_build_info")  # its labels are read below
    assert "playtally_reconciler_turn_age_seconds" not in {name for name, _labels in found}


def test_jobs_in_every_state_are_told_with_what_they_did(
    app: Flask, client: FlaskClient, files: Files, job_in: Callable[..., str]
) -> None:
    part = b"Song,Date\nUmbrella,2020-01-02\n"
    for number, state in enumerate(JobState, start=1):
        for copy in range(number):
            job_in(state, content=b"x" * 10 * number + str((state, copy)).encode().ljust(40), parts=(part, part))
    long_ago = job_in(JobState.QUEUED, content=b"old", created_at=now() - timedelta(hours=2), queue="large")
    with app.app_context():
        claim = attempts.claim(long_ago, 1, 30)
        assert claim is not None
        assert attempts.release(long_ago, 1, crashed=True)
        assert attempts.follow_up(long_ago, 1, jobs.keep_until(1))
    (files.scratch("a" * 32, 1) / "bucket").write_bytes(b"12345")
    found = scraped(client)
    counts = {state.value: number for number, state in enumerate(JobState, start=1)}
    counts["queued"] += 1
    assert by(found, "playtally_jobs") == counts
    assert by(found, "playtally_queue_jobs") == {"small": 1, "large": 1}
    assert by(found, "playtally_queue_oldest_seconds")["large"] >= 7200
    assert 0 <= by(found, "playtally_queue_oldest_seconds")["small"] < 3600
    done = counts["done"] + counts["expired"]  # an expired one was done before, and stays counted
    assert by(found, "playtally_jobs_ended_total") == {
        "done": done,
        "failed": counts["failed"],
        "cancelled": counts["cancelled"],
    }
    assert by(found, "playtally_jobs_failed_total") == {"bad_rows": counts["failed"]}
    assert by(found, "playtally_attempts_ended_early_total") == {"crashed": 1, "retried": 1}
    assert by(found, "playtally_step_seconds_total") == {
        "checking": 0,
        "reading": 6.0 * done,
        "totalling": 2.0 * done,
        "writing": 1.0 * done,
    }
    assert only(found, "playtally_uploads_total") == sum(counts.values())
    assert only(found, "playtally_rows_read_total") == 30_000_000 * done
    assert only(found, "playtally_parts_total") == 2 * done
    assert only(found, "playtally_part_bytes_total") == 2 * len(part) * done
    assert found["playtally_stored_bytes", (("kind", "results"),)] == 2 * len(part) * counts["done"]
    received = sum(path.stat().st_size for path in (files.data_dir / "uploads").iterdir())
    assert only(found, "playtally_upload_bytes_total") == received
    expired = counts["expired"] * (10 * counts["expired"] + 40)
    assert found["playtally_stored_bytes", (("kind", "uploads"),)] == received - expired
    assert found["playtally_stored_bytes", (("kind", "scratch"),)] == 5
    assert found["playtally_stored_bytes", (("kind", "incoming"),)] == 0


def test_what_was_counted_stays_when_its_job_is_removed_and_another_process_answers(
    another_app: MakeApp,
    app: Flask,
    settings: Settings,
    client: FlaskClient,
    files: Files,
    job_in: Callable[..., str],
) -> None:
    job_id = job_in(JobState.DONE)
    before = scraped(client)
    with app.app_context():
        jobs.remove(files, job_id)
    found = scraped(another_app(settings).test_client())
    assert by(found, "playtally_jobs")["done"] == 0
    assert found["playtally_stored_bytes", (("kind", "uploads"),)] == 0
    for name in ("playtally_rows_read_total", "playtally_upload_bytes_total", "playtally_part_bytes_total"):
        assert only(found, name) == only(before, name) > 0
    assert by(found, "playtally_jobs_ended_total")["done"] == 1


def test_the_reconcilers_last_turn_is_told(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.session.add(LeaderLease(name="reconciler", holder="h", turns=41, turned_at=now() - timedelta(seconds=90)))
        db.session.commit()
    found = scraped(client)
    assert 90 <= only(found, "playtally_reconciler_turn_age_seconds") < 3600
    assert only(found, "playtally_reconciler_turns_total") == 41


def test_without_database_and_redis_the_rest_is_told(another_app: MakeApp, settings: Settings) -> None:
    url = "postgresql+psycopg://nobody:secret@127.0.0.1:1/nothing"
    client = another_app(replace(settings, database_url=url, redis_url="redis://127.0.0.1:1")).test_client()
    found = scraped(client)
    assert (only(found, "playtally_database_up"), only(found, "playtally_redis_up")) == (0, 0)
    assert only(found, "playtally_disk_free_bytes") > 0
    assert set(by(found, "playtally_stored_bytes")) == {"incoming", "scratch", "staging"}
    assert by(found, "playtally_jobs") == {}


def test_names_and_help_are_as_prometheus_wants_them(client: FlaskClient, job_in: Callable[..., str]) -> None:
    job_in(JobState.FAILED)
    text = client.get("/metrics").text
    assert 'playtally_build_info{python="3.1' in text
    assert 'version="0.1.0"' in text
    for family in text_string_to_metric_families(text):
        assert family.name.startswith("playtally_")
        assert family.documentation.endswith(".")
        assert all(sample.name.endswith("_total") for sample in family.samples) == (family.type == "counter")


def test_the_page_for_whoever_runs_a_site_names_exactly_the_metrics_that_there_are(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        db.session.add(LeaderLease(name="reconciler", holder="h", turns=1, turned_at=now()))
        db.session.commit()
    there_are = {name for name, _labels in scraped(client)} | {"playtally_jobs_failed_total"}  # comes with a failure
    page = (ROOT / "docs" / "operating.md").read_text()
    assert set(re.findall(r"\bplaytally_\w+", page)) == there_are


def test_with_a_token_whoever_has_it_may_read_and_nobody_else(
    another_app: MakeApp, settings: Settings, app: Flask
) -> None:
    client = another_app(replace(settings, metrics_token=TOKEN)).test_client()
    far = {"REMOTE_ADDR": "203.0.113.9"}
    right = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, environ_base=far)
    assert right.status_code == 200
    for header in ("", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer", "Bearer \xff", f"Bearer {TOKEN[:-1]}"):
        wrong = client.get("/metrics", headers={"Authorization": header})
        assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "playtally_" not in wrong.text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_this_machine_may_read(client: FlaskClient, address: str) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "", "unix:"])
def test_without_a_token_there_is_nothing_for_others(client: FlaskClient, address: str) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_on_this_machine_is_not_this_machine(client: FlaskClient, header: str) -> None:
    assert client.get("/metrics", headers={header: "203.0.113.9"}).status_code == 404


def test_behind_https_only_the_token_counts(another_app: MakeApp, settings: Settings, app: Flask) -> None:
    assert another_app(replace(settings, public_https=True)).test_client().get("/metrics").status_code == 404
    client = another_app(replace(settings, public_https=True, metrics_token=TOKEN)).test_client()
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
