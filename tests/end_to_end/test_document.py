"""The OpenAPI document against a live site: thousands of made-up calls, right ones and wrong ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from launcher.client import ApiError, Client
from tests.paths import ROOT
from tests.services import DEBIAN, EMBEDDED, Services
from tests.site import Site, site_of

# Of each call, beside those that cover each value of the document, and what that comes to at least: most where the
# database takes least, a NUL in a text for one.
MOST_EXAMPLES = {EMBEDDED: 30, DEBIAN: 220}
FEWEST_CALLS = {EMBEDDED: 1000, DEBIAN: 5000}
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
GOOD = "Song,Date,Number of Plays\nUmbrella,2020-01-02,200\nCreep,2020-01-0{},3\n"
BAD = "Song,Date,Number of Plays\nUmbrella,2020-01-02,12.5\nCreep,2020-01-02,{}\n"


@pytest.fixture(scope="module")
def site(processes: None, services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One of its own: made-up logins block the address of all tests."""
    # With a limit: made-up lengths are then too large on any disk, where the whole room of this one would be a 507.
    with site_of(services, tmp_path_factory.mktemp("site"), MAX_UPLOAD_BYTES="100000000") as site:
        yield site


def sent(client: Client, folder: Path, text: str) -> str:
    path = folder / "plays.csv"
    path.write_text(text)
    return client.upload(path)


def ended(client: Client, job_id: str) -> bool:
    try:
        client.wait(job_id)
    except ApiError:
        return False
    return True


def begun(client: Client) -> str:
    """An upload in pieces of which nothing has arrived yet."""
    headers = {"Authorization": f"Bearer {client.access}", "Tus-Resumable": "1.0.0", "Upload-Length": "10000"}
    request = Request(f"{client.base}/api/v1/uploads", method="POST", headers=headers)
    with urlopen(request) as answer:
        return str(answer.headers["Location"]).rpartition("/")[2]


def test_no_call_of_thousands_is_answered_otherwise_than_the_document_says(
    site: Site, services: Services, tmp_path: Path
) -> None:
    client = site.client(f"document-{time.time_ns()}")
    good = [sent(client, tmp_path, GOOD.format(day)) for day in range(1, 9)]
    bad = [sent(client, tmp_path, BAD.format(plays)) for plays in range(3)]
    assert [ended(client, job_id) for job_id in good + bad] == [True] * 8 + [False] * 3
    parts = [part["uuid"] for job_id in good for part in client.wait(job_id)["output_files"]]
    report = tmp_path / "report.json"
    printed = subprocess.run(
        [
            *(Path(sys.executable).parent / "st", "run", f"{site.base}/api/schema/"),
            *("-H", f"Authorization: Bearer {client.access}", "--checks", ",".join(CHECKS), "--seed", "1"),
            *(
                "--workers",
                "1",  # with more, Python's parser can fail in a thread while another one parses
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                str(MOST_EXAMPLES[services.name]),
                "--continue-on-failure",
            ),
            *("--report", "json", "--report-json-path", report, "--warnings", "off", "--no-color"),
        ],
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": "tests.end_to_end.document_hooks",
            "JOB_IDS": ",".join(good + bad),
            "PART_IDS": ",".join(parts),
            "UPLOAD_IDS": ",".join(begun(client) for _ in range(4)),
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stdout
    assert json.loads(report.read_text())["test_cases"]["generated"] >= FEWEST_CALLS[services.name]
