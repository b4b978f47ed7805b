"""Administrators add and disable people, and see everyone's files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from store.accounts import SENTENCES
from store.states import JobState
from tests.webapp.elements import text_of

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def chief(sign_in: SignIn) -> FlaskClient:
    return sign_in("chief")


def test_an_added_person_is_listed_and_can_sign_in(chief: FlaskClient, client: FlaskClient) -> None:
    added = chief.post("/admin/people", data={"username": "Dora", "password": "long enough"}, follow_redirects=True)
    assert "dora can sign in now." in added.text
    answer = client.post("/api/login/", json={"username": "dora", "password": "long enough"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("anna", "long enough", "name_taken"),
        ("dora", "short", "password_too_short"),
        ("<b>", "long enough", "name_unusable"),
    ],
)
def test_an_unusable_account_is_refused_with_a_sentence(
    chief: FlaskClient, username: str, password: str, code: str
) -> None:
    answer = chief.post("/admin/people", data={"username": username, "password": password})
    assert answer.status_code == 400
    assert text_of(answer.text, "problem") == SENTENCES[code].format(name=username)


def test_a_person_is_disabled_and_enabled_again(chief: FlaskClient, signed_in: FlaskClient) -> None:
    assert chief.post("/admin/people/1/disable").status_code == 303
    assert signed_in.get("/").status_code == 303
    assert chief.get("/admin/people").text.count("/enable") == 1
    assert chief.post("/admin/people/1/enable").status_code == 303
    assert signed_in.get("/").status_code == 200


def test_the_last_administrator_stays_enabled(chief: FlaskClient) -> None:
    answer = chief.post("/admin/people/3/disable")
    assert answer.status_code == 400
    assert text_of(answer.text, "problem") == SENTENCES["only_administrator"]


def test_the_files_of_everyone_name_their_owners(chief: FlaskClient, job_in: Callable[..., str]) -> None:
    job_in(JobState.DONE, "anna", name="annas.csv")
    job_in(JobState.FAILED, "bert", name="berts.csv")
    page = chief.get("/admin/files").text
    assert "annas.csv" in page
    assert "berts.csv" in page
    assert ", bert," in page
    assert "annas.csv" not in chief.get("/files").text
    assert "annas.csv" not in chief.get("/admin/files?show=failed").text
