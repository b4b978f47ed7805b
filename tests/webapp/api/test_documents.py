"""The OpenAPI document, generated from the calls, and the other lists of calls."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.paths import ROOT
from webapp.errors.problems import PROBLEM_TYPES

DOCS = ROOT / "docs" / "api.md"
EVERYWHERE = {"401", "404", "405", "414", "500", "503"}
METHODS = {"get", "post", "patch", "delete", "head", "options"}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/schema/")
    assert answer.status_code == 200
    return dict(answer.json)


def operations(document: dict[str, Any]) -> list[Operation]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def table(document: dict[str, Any]) -> list[str]:
    """A row for each call: its summary, its good answers, and the refusals that not every call has."""
    rows = []
    for method, path, operation in operations(document):
        codes = sorted(operation["responses"])
        good = ", ".join(code for code in codes if code < "400")
        bad = ", ".join(code for code in codes if code >= "400" and code not in EVERYWHERE)
        rows.append(f"| `{method} {path}` | {operation['summary']} | {good} | {bad} |")
    return rows


def test_the_table_of_calls_in_the_docs_is_that_of_the_code(document: dict[str, Any]) -> None:
    written = re.findall(r"^\| `[A-Z]+ [^` ]+` \|.*\|$", DOCS.read_text(), flags=re.MULTILINE)
    assert written == table(document), "the table should be\n" + "\n".join(table(document))


def test_every_call_below_api_is_in_the_document(app: Flask, document: dict[str, Any]) -> None:
    known = {(method, re.sub(r"\{.*?\}", "{}", path)) for method, path, _operation in operations(document)}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/schema/"):
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert (method, re.sub(r"<.*?>", "{}", rule.rule)) in known


def test_every_call_says_what_it_is_for_and_names_an_example_of_each_refusal(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        for code, response in operation["responses"].items():
            assert response["description"], (method, path, code)
            if code >= "400" and code != "414" and path.startswith("/api/v1/"):
                (content,) = response["content"].values()
                for name, example in content["examples"].items():
                    assert example["value"]["type"].endswith(f"#{name}")
                    assert PROBLEM_TYPES[name].status == int(code)


def test_whoever_has_the_document_need_not_load_it_again(client: FlaskClient) -> None:
    tag = client.get("/api/schema/").headers["ETag"]
    assert client.get("/api/schema/", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("page", ["swagger-ui", "redoc"])
def test_its_pages_load_nothing_from_elsewhere(client: FlaskClient, page: str) -> None:
    text = client.get(f"/api/schema/{page}/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert addresses
    assert all(address.startswith("/") for address in addresses)
    for address in addresses:
        assert client.get(address, buffered=True).status_code == 200


def test_every_kind_of_problem_has_its_paragraph(client: FlaskClient) -> None:
    text = client.get("/help/problems").text
    assert [name for name in PROBLEM_TYPES if f'id="{name}"' not in text] == []
