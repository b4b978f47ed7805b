"""What came of a job, in the newer API."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from processing.sentences import error_json
from store.states import JobState
from tests.jobs import refusal

Bearer = Callable[..., dict[str, str]]
JobIn = Callable[..., str]
HEAD = b"Song,Date,Total Number of Plays for Date\n"
PARTS = (HEAD + b"Creep,2020-01-01,7\n", HEAD + b"Umbrella,2020-01-02,250\nYesterday,2020-01-01,1\n")
ROW = {"line": 17, "column": "Date", "value": "", "reason": "has no date"}


@pytest.fixture
def done(job_in: JobIn) -> str:
    return f"/api/v1/jobs/{job_in(JobState.DONE, parts=PARTS, rejected=(ROW,))}"


def test_parts_are_listed_in_order_with_what_proves_them(client: FlaskClient, bearer: Bearer, done: str) -> None:
    items = client.get(f"{done}/parts", headers=bearer()).json["items"]
    for number, (part, content) in enumerate(zip(items, PARTS, strict=True), start=1):
        assert part["number"] == number
        assert (part["rows"], part["bytes"]) == (content.count(b"\n") - 1, len(content))
        assert part["sha256"] == hashlib.sha256(content).hexdigest()
        assert client.get(part["links"]["download"], headers=bearer(), buffered=True).data == content


def test_a_part_knows_ranges_and_tags_and_carries_its_digest(client: FlaskClient, bearer: Bearer, done: str) -> None:
    whole = client.get(f"{done}/parts/2", headers=bearer(), buffered=True)
    digest = base64.b64encode(hashlib.sha256(PARTS[1]).digest()).decode()
    assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert "attachment" in whole.headers["Content-Disposition"]
    rest = client.get(
        f"{done}/parts/2", headers=bearer() | {"Range": "bytes=10-", "If-Range": whole.headers["ETag"]}, buffered=True
    )
    assert (rest.status_code, rest.data) == (206, PARTS[1][10:])
    known = client.get(f"{done}/parts/2", headers=bearer() | {"If-None-Match": whole.headers["ETag"]}, buffered=True)
    assert (known.status_code, known.data) == (304, b"")
    beyond = client.get(f"{done}/parts/2", headers=bearer() | {"Range": "bytes=999-"}, buffered=True)
    assert (beyond.status_code, beyond.json["type"].partition("#")[2]) == (416, "outside-the-file")


@pytest.mark.parametrize("number", ["0", "3", "-1", "01", "x", "1.0", "9" * 40])
def test_a_part_that_is_none_is_404(client: FlaskClient, bearer: Bearer, done: str, number: str) -> None:
    answer = client.get(f"{done}/parts/{number}", headers=bearer())
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_the_zip_has_all_parts_and_the_rows_left_out(client: FlaskClient, bearer: Bearer, done: str) -> None:
    answer = client.get(f"{done}/parts.zip", headers=bearer(), buffered=True)
    assert len(answer.data) == answer.content_length
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        contents = [archive.read(name) for name in archive.namelist()]
    assert contents[:2] == list(PARTS)
    assert contents[2].startswith(b"line,column,value,reason\n17,")


def test_the_rows_left_out_come_as_csv_and_are_404_where_there_are_none(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, done: str
) -> None:
    assert client.get(f"{done}/rejected.csv", headers=bearer(), buffered=True).text.startswith(
        "line,column,value,reason\n17,"
    )
    without = client.get(f"/api/v1/jobs/{job_in(JobState.DONE)}/rejected.csv", headers=bearer())
    assert (without.status_code, without.content_type) == (404, "application/problem+json")


def test_the_file_comes_back_as_it_was_sent(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    job_id = job_in(JobState.FAILED, content=b"not what was hoped for")
    assert client.get(f"/api/v1/jobs/{job_id}/file", headers=bearer(), buffered=True).data == b"not what was hoped for"


@pytest.mark.parametrize("path", ["parts", "parts/1", "parts.zip", "rejected.csv"])
@pytest.mark.parametrize(
    ("state", "status", "kind"),
    [
        (JobState.QUEUED, 409, "not-ended"),
        (JobState.RUNNING, 409, "not-ended"),
        (JobState.FAILED, 422, "job-failed"),
        (JobState.CANCELLED, 422, "job-failed"),
        (JobState.EXPIRED, 410, "expired"),
    ],
)
def test_without_totals_it_says_which_way_out_there_is(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, state: JobState, status: int, kind: str, path: str
) -> None:
    answer = client.get(f"/api/v1/jobs/{job_in(state)}/{path}", headers=bearer())
    assert (answer.status_code, answer.json["type"].partition("#")[2]) == (status, kind)
    assert ("Retry-After" in answer.headers) is (status == 409)


def test_a_failed_job_names_each_place_and_its_reason(client: FlaskClient, bearer: Bearer, job_in: JobIn) -> None:
    one, many = job_in(JobState.FAILED), job_in(JobState.FAILED, rejected=(ROW, ROW | {"line": 18}))
    answer = client.get(f"/api/v1/jobs/{one}/parts", headers=bearer()).json
    why = error_json(refusal())
    assert answer["detail"] == why["message"]
    named = {name: why[name] for name in ("line", "column", "value")}
    assert answer["errors"] == [named | {"option": None, "reason": why["message"]}]
    rows = client.get(f"/api/v1/jobs/{many}/parts", headers=bearer()).json["errors"]
    assert rows == [ROW | {"option": None}, ROW | {"option": None, "line": 18}]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("日本.csv", "attachment; filename=plays-totals.zip; filename*=UTF-8''%E6%97%A5%E6%9C%AC-totals.zip"),
        ("naïve.csv", "attachment; filename=naive-totals.zip; filename*=UTF-8''na%C3%AFve-totals.zip"),
        ("plays.csv", "attachment; filename=plays-totals.zip"),
    ],
)
def test_a_name_in_any_letters_is_one_that_headers_can_hold(
    client: FlaskClient, bearer: Bearer, job_in: JobIn, name: str, said: str
) -> None:
    done = f"/api/v1/jobs/{job_in(JobState.DONE, name=name)}"
    assert client.get(f"{done}/parts.zip", headers=bearer(), buffered=True).headers["Content-Disposition"] == said
    part = client.get(f"{done}/parts/1", headers=bearer(), buffered=True).headers["Content-Disposition"]
    assert part == said.replace("-totals.zip", "-totals-00001.csv")


@pytest.mark.parametrize("odd", ["bytes=-99999", "bytes=3-1", "items=0-1", "bytes", "bytes=a-b", "bytes=0-1,5-6"])
def test_a_range_that_is_none_or_more_than_all_gets_all(
    client: FlaskClient, bearer: Bearer, done: str, odd: str
) -> None:
    whole = client.get(f"{done}/parts/2", headers=bearer() | {"Range": odd}, buffered=True)
    assert (whole.status_code, whole.data) == (200, PARTS[1])


def test_the_end_of_a_part_is_a_range_too(client: FlaskClient, bearer: Bearer, done: str) -> None:
    end = client.get(f"{done}/parts/2", headers=bearer() | {"Range": "bytes=-5"}, buffered=True)
    assert (end.status_code, end.data) == (206, PARTS[1][-5:])
