"""The help for those who write scripts: open to all, complete, and with the reader's own address and name."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from store.options import DEFAULTS
from store.states import JobState
from tests.snippets import snippets
from webapp.errors.problems import PROBLEM_TYPES


@pytest.fixture
def page(client: FlaskClient) -> str:
    return client.get("/help/api", base_url="https://plays.example:8443").text


@pytest.mark.parametrize(
    ("language", "section", "start"),
    [
        ("bash", "token", "SITE='https://plays.example:8443'\nNAME='YOUR NAME'\n"),
        ("bash", "client", "curl -fsSO https://plays.example:8443/static/playtally-client.py\n"),
        ("python", "python", 'SITE = "https://plays.example:8443"\n'),
        ("powershell", "powershell", "$site = 'https://plays.example:8443'\n"),
    ],
)
def test_examples_have_the_address_in_them(page: str, language: str, section: str, start: str) -> None:
    assert start in snippets(page, language, section)


def test_examples_have_the_name_of_who_is_signed_in(signed_in: FlaskClient) -> None:
    page = signed_in.get("/help/api").text
    assert "NAME=anna\n" in snippets(page, "bash", "token")
    assert "--username anna " in snippets(page, "bash", "client")


def test_lines_to_copy_are_no_wider_than_the_page(page: str) -> None:
    for language in ("bash", "python", "powershell"):
        code = snippets(page, language, "token", "client", "curl", "python", "powershell")
        assert [line for line in code.splitlines() if len(line) > 82] == []


def test_all_states_and_options_are_explained(page: str) -> None:
    for word in (*JobState, *DEFAULTS):
        assert f"<code>{word}</code>" in page


def test_every_link_on_the_page_leads_somewhere(app: Flask, signed_in: FlaskClient) -> None:
    page = signed_in.get("/help/api").text
    for address in set(re.findall(r'href="([^"]+)"', page)):
        if address.startswith("#"):
            assert f'id="{address[1:]}"' in page
        else:
            with signed_in.get(address) as answer:
                assert answer.status_code == 200, address


def test_the_help_is_linked_where_people_look(client: FlaskClient, signed_in: FlaskClient) -> None:
    for text in (client.get("/sign-in").text, client.get("/help/problems").text, signed_in.get("/account").text):
        assert 'href="/help/api"' in text
    problems = client.get("/help/problems").text
    assert all(f'id="{name}"' in problems for name in PROBLEM_TYPES)


def test_the_client_can_be_fetched_by_all(client: FlaskClient) -> None:
    with client.get("/static/playtally-client.py") as answer:
        assert answer.status_code == 200
        assert answer.text.startswith("#!/usr/bin/env python3\n")


def test_the_document_groups_calls_in_words_for_people(client: FlaskClient) -> None:
    document = client.get("/api/schema/").json
    names = [tag["name"] for tag in document["tags"]]
    assert names[0] == "Authentication"
    assert names.index("Uploads, and new runs of earlier files") < names.index("Older calls: jobs")
    calls = [call for path in document["paths"].values() for call in path.values() if "tags" in call]
    used = {name for call in calls for name in call["tags"]}
    assert used == set(names)
