"""How often something may be done: failed logins and uploads, with Redis and without."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from common.settings import Settings
from tests.accounts import PASSWORD
from tests.paths import ROOT
from tests.webapp.asking import codes, fail, log_in, sign_in_by_page
from tests.webapp.conftest import MakeApp
from webapp.security.rate_limits import LOGINS_BY_ADDRESS, LOGINS_BY_NAME

WINDOW = 15 * 60


def test_ten_failed_logins_block_an_account_even_for_the_right_password(client: FlaskClient) -> None:
    assert fail(client, 10) == [401] * 10
    blocked = log_in(client, password=PASSWORD)
    assert (blocked.status_code, set(blocked.json)) == (429, {"message", "type"})
    assert blocked.json["type"] == "TooManyRequestsException"
    assert blocked.json["message"] == "Too many attempts. Please wait 15 minutes."
    assert WINDOW - 60 < int(blocked.headers["Retry-After"]) <= WINDOW + 1
    assert log_in(client, "bert", PASSWORD).status_code == 200


def test_the_page_says_how_long_to_wait(client: FlaskClient, redis: Redis) -> None:
    fail(client, 10)
    for key in redis.keys("*"):
        redis.expire(key, 12 * 60 - 5)
    blocked = sign_in_by_page(client, password=PASSWORD)
    assert blocked.status_code == 429
    assert "Too many attempts. Please wait 12 minutes." in blocked.text
    assert 'value="anna"' in blocked.text
    assert 700 < int(blocked.headers["Retry-After"]) < 720
    assert client.get("/files").status_code == 303


def test_pages_and_calls_count_together(client: FlaskClient) -> None:
    assert codes([sign_in_by_page(client) for _ in range(5)]) == [400] * 5
    assert fail(client, 6) == [401] * 5 + [429]
    assert sign_in_by_page(client).status_code == 429


def test_a_block_ends_by_itself(client: FlaskClient, redis: Redis) -> None:
    fail(client, 10)
    for key in redis.keys("*"):
        redis.pexpire(key, 300)
    assert log_in(client, password=PASSWORD).status_code == 429
    time.sleep(0.4)
    assert log_in(client, password=PASSWORD).status_code == 200


def test_a_blocked_login_takes_no_time_for_the_password(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(client, 10)
    monkeypatch.setattr("store.accounts.authenticate", lambda *_: pytest.fail("the password was looked at"))
    assert log_in(client, password=PASSWORD).status_code == 429


def test_logins_that_succeed_are_not_counted(client: FlaskClient) -> None:
    assert codes([log_in(client, password=PASSWORD) for _ in range(70)]) == [200] * 70


def test_unknown_names_look_like_known_ones(client: FlaskClient) -> None:
    known = [log_in(client, "anna") for _ in range(11)]
    unknown = [log_in(client, "nobody") for _ in range(11)]
    assert [(one.status_code, one.json) for one in known] == [(one.status_code, one.json) for one in unknown]
    assert known[-1].status_code == 429


def test_a_name_is_the_same_however_it_is_written(client: FlaskClient) -> None:
    for written in ("anna", "ANNA", " Anna\t", "aNNa"):
        fail(client, 3, username=written)
    assert log_in(client, "anna", PASSWORD).status_code == 429


@pytest.mark.parametrize("name", ["\x00", "\ud800", "x" * 100_000, "*", "anna/bert:10"])
def test_names_that_are_none_are_counted_as_well(client: FlaskClient, redis: Redis, name: str) -> None:
    assert fail(client, 11, username=name) == [401] * 10 + [429]
    assert all(len(key) < 200 for key in redis.keys("*"))


def test_sixty_failed_logins_block_an_address(client: FlaskClient) -> None:
    answers = [log_in(client, f"nobody{number}", address="198.51.100.7") for number in range(61)]
    assert codes(answers) == [401] * 60 + [429]
    assert log_in(client, "anna", PASSWORD, "198.51.100.7").status_code == 429
    assert log_in(client, "anna", PASSWORD, "198.51.100.8").status_code == 200


def test_an_ipv6_address_counts_with_its_whole_network(client: FlaskClient) -> None:
    for number in range(60):
        log_in(client, f"nobody{number}", address=f"2001:db8::{number:x}")
    assert log_in(client, "anna", PASSWORD, "2001:db8::ffff:1").status_code == 429
    assert log_in(client, "anna", PASSWORD, "2001:db8:0:1::1").status_code == 200


def test_what_a_client_says_of_its_address_counts_behind_a_trusted_proxy_only(
    app: Flask, client: FlaskClient, settings: Settings, another_app: MakeApp
) -> None:
    behind = another_app(replace(settings, trusted_proxies=1)).test_client()
    for number in range(60):
        behind.post(
            "/api/login/",
            json={"username": f"nobody{number}", "password": "x"},
            headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7"},
        )
    said = {"X-Forwarded-For": "198.51.100.7"}
    right = {"username": "anna", "password": PASSWORD}
    assert behind.post("/api/login/", json=right, headers=said).status_code == 429
    assert behind.post("/api/login/", json=right, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    assert client.post("/api/login/", json=right, headers=said).status_code == 200


def test_attempts_at_the_same_moment_get_little_beyond_the_limit(app: Flask) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: log_in(app.test_client()).status_code, range(40)))
    assert answers.count(401) == 10
    assert answers.count(429) == 30


def test_logins_say_how_many_attempts_are_left(client: FlaskClient) -> None:
    first = log_in(client, password=PASSWORD)
    assert first.headers["RateLimit-Policy"] == '"login-name";q=10;w=900, "login-address";q=60;w=900'
    assert first.headers["RateLimit"] == '"login-name";r=10, "login-address";r=60'
    failed = log_in(client)
    found = re.fullmatch(r'"login-name";r=9;t=(\d+), "login-address";r=59;t=(\d+)', failed.headers["RateLimit"])
    assert found is not None
    assert all(WINDOW - 30 < int(seconds) <= WINDOW for seconds in found.groups())
    assert "RateLimit" in sign_in_by_page(client).headers
    for other in (client.get("/sign-in"), client.get("/api/v1/jobs"), client.get("/healthz")):
        assert "RateLimit" not in other.headers


def test_two_processes_count_together_as_long_as_redis_is_there(
    app: Flask, settings: Settings, another_app: MakeApp
) -> None:
    one, other = app.test_client(), another_app(settings).test_client()
    assert fail(one, 5) + fail(other, 6) == [401] * 10 + [429]


def test_no_name_and_no_password_is_kept_in_redis_or_said_in_the_log(
    client: FlaskClient, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        fail(client, 12, username="a-password-in-the-wrong-field", password="wrong horse")
    kept = b" ".join(redis.keys("*")).decode()
    for secret in ("a-password", "wrong horse"):
        assert secret not in kept
        assert secret not in caplog.text


def test_the_document_names_the_limits(client: FlaskClient) -> None:
    paths = client.get("/api/schema/").json["paths"]
    for address in ("/api/login/", "/api/process_file/", "/api/v1/jobs"):
        answers = paths[address]["post"]["responses"]
        assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(answers["429"]["headers"]), address
        accepted = next(answer for code, answer in answers.items() if code.startswith("2"))
        assert {"RateLimit", "RateLimit-Policy"} <= set(accepted["headers"]), address
    assert "429" not in paths["/api/refresh/"]["post"]["responses"]


def test_the_limits_are_those_that_the_documents_name() -> None:
    words = (ROOT / "docs" / "api.md").read_text()
    assert f"{LOGINS_BY_NAME} failed attempts" in words
    assert f"{LOGINS_BY_ADDRESS} failed attempts" in words
