"""The collection for Postman, run by Newman against a real site."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT
from tests.services import Services
from tests.site import Site, site_of

NEWMAN = ROOT / "tests" / "node_modules" / ".bin" / "newman"
COLLECTION = ROOT / "postman" / "playtally.postman_collection.json"
ENVIRONMENT = ROOT / "postman" / "playtally.postman_environment.json"


@pytest.fixture(scope="module")
def site(processes: None, services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(services, tmp_path_factory.mktemp("site")) as site:
        yield site


def run(site: Site, report: Path, password: str, *more: str) -> tuple[int, dict[str, Any]]:
    """Newman's exit code, and its report."""
    variables = {"site": site.base, "username": site.admin_name, "password": password}
    words = [NEWMAN, "run", COLLECTION, "--environment", ENVIRONMENT, "--working-dir", ROOT / "postman"]
    words += ["--reporters", "json", "--reporter-json-export", report, *more]
    words += [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=300)
    return ended.returncode, json.loads(report.read_text())["run"]


def requests(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [deeper for item in items for deeper in (requests(item["item"]) if "item" in item else [item])]


def test_every_request_has_a_test_and_a_name_of_its_own() -> None:
    every = requests(json.loads(COLLECTION.read_text())["item"])
    assert len({item["name"] for item in every}) == len(every)
    for item in every:
        (event,) = item["event"]
        assert "pm.test(" in "\n".join(event["script"]["exec"]), item["name"]


def test_nobodys_password_is_in_the_environment() -> None:
    values = {entry["key"]: entry["value"] for entry in json.loads(ENVIRONMENT.read_text())["values"]}
    assert values == {"site": "http://127.0.0.1:8000", "username": "admin", "password": ""}


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("time", ["first", "second"])
def test_all_requests_succeed_as_often_as_they_are_sent(site: Site, tmp_path: Path, time: str) -> None:
    code, report = run(site, tmp_path / "report.json", site.password)
    assert [failure["error"]["message"] for failure in report["failures"]] == []
    assert code == 0
    asked = {execution["item"]["name"] for execution in report["executions"]}
    assert asked == {item["name"] for item in requests(json.loads(COLLECTION.read_text())["item"])}
    assert report["stats"]["assertions"]["total"] > 30
    assert not any((site.data_dir / "uploads").iterdir())


@pytest.mark.usefixtures("processes")
def test_a_wrong_password_is_noticed(site: Site, tmp_path: Path) -> None:
    code, report = run(site, tmp_path / "report.json", "wrong", "--bail")
    assert code == 1
    assert report["failures"][0]["error"]["test"] == "Name and password are right"
