"""Downloads: whole, by range, as one zip; under names that are safe anywhere."""

from __future__ import annotations

import codecs
import hashlib
import io
import re
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from store.database import db
from store.files import REJECTED, Files
from store.models import Job
from store.states import JobState
from webapp.downloads.responses import stem

PARTS = (b"Song,Date,Total\na,2020-01-01,1\n", b"Song,Date,Total\nb,2020-01-01,2\n" * 1000)
ROW = {"line": 7, "column": "Date", "value": "", "reason": "There is no date."}
MARK = codecs.BOM_UTF8


@pytest.fixture
def job_id(job_in: Callable[..., str]) -> str:
    return job_in(JobState.DONE, name="plays 2024/03.csv", parts=PARTS, rejected=(ROW,))


@pytest.fixture
def part_addresses(app: Flask, job_id: str) -> list[str]:
    with app.app_context():
        return [f"/parts/{part.id}" for part in db.session.get(Job, job_id).parts]


def test_each_part_comes_byte_for_byte_with_its_sum_as_tag(signed_in: FlaskClient, part_addresses: list[str]) -> None:
    for number, (address, content) in enumerate(zip(part_addresses, PARTS, strict=True), start=1):
        with signed_in.get(address) as answer:
            assert answer.data == content
            assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
            assert answer.headers["Content-Disposition"] == f"attachment; filename=03-totals-{number:05d}.csv"
            assert answer.mimetype == "text/csv"


def test_a_broken_download_goes_on_where_it_stopped(signed_in: FlaskClient, part_addresses: list[str]) -> None:
    content = PARTS[1]
    with signed_in.get(part_addresses[1]) as first:
        tag = first.headers["ETag"]
        assert first.headers["Accept-Ranges"] == "bytes"
    with signed_in.get(part_addresses[1], headers={"Range": "bytes=100-", "If-Range": tag}) as rest:
        assert rest.status_code == 206
        assert rest.headers["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
        assert rest.data == content[100:]
    with signed_in.get(part_addresses[1], headers={"Range": "bytes=100-", "If-Range": '"other"'}) as whole:
        assert (whole.status_code, whole.data) == (200, content)
    with signed_in.get(part_addresses[1], headers={"If-None-Match": tag}) as known:
        assert known.status_code == 304
    with signed_in.get(part_addresses[1], headers={"Range": f"bytes={len(content)}-"}) as beyond:
        assert beyond.status_code == 416


def test_a_part_that_the_disk_has_lost_is_said_to_be_lost_by_us(
    app: Flask, signed_in: FlaskClient, job_id: str, part_addresses: list[str], files: Files
) -> None:
    with app.app_context():
        job = db.session.get(Job, job_id)
        files.result(job_id, job.attempt, job.parts[1].name).unlink()
    lost = (part_addresses[1], f"{part_addresses[1]}?for=spreadsheet", f"/jobs/{job_id}/totals.zip")
    for address in lost:
        answer = signed_in.get(address)
        assert answer.status_code == 404
        assert "no longer on our disk; that is a fault on our side" in answer.text


def test_the_zip_holds_all_parts_and_the_rows_left_out(signed_in: FlaskClient, job_id: str) -> None:
    with signed_in.get(f"/jobs/{job_id}/totals.zip") as answer:
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        assert answer.headers["Content-Disposition"] == "attachment; filename=03-totals.zip"
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["03-totals-00001.csv", "03-totals-00002.csv", "03-left-out.csv"]
            assert [archive.read(name) for name in archive.namelist()[:2]] == list(PARTS)


def test_the_rows_left_out_come_as_a_file(signed_in: FlaskClient, job_id: str) -> None:
    with signed_in.get(f"/jobs/{job_id}/left-out.csv") as answer:
        assert answer.data.startswith(b"line,column,value,reason\n7,")


@pytest.fixture
def formulas(job_in: Callable[..., str], files: Files) -> str:
    """A job whose songs and left out rows begin like formulas."""
    job_id = job_in(JobState.DONE, name="plays.csv", parts=(b"Song,Date,Total\n=1+1,2020-01-01,-5\n",), rejected=(ROW,))
    files.result(job_id, 1, REJECTED).write_bytes(b"Line,Column,Value,Reason\n7,Date,=1+1,-\n")
    return job_id


def test_for_a_spreadsheet_a_part_has_its_mark_and_no_formula(
    app: Flask, signed_in: FlaskClient, formulas: str
) -> None:
    with app.app_context():
        address = f"/parts/{db.session.get(Job, formulas).parts[0].id}?for=spreadsheet"
    with signed_in.get(address, headers={"Range": "bytes=5-"}) as answer:
        assert (answer.status_code, answer.headers["Accept-Ranges"]) == (200, "none")
        assert answer.data == MARK + b"Song,Date,Total\n'=1+1,2020-01-01,-5\n"
        assert answer.headers["Content-Disposition"] == "attachment; filename=plays-totals-00001-spreadsheet.csv"
        assert answer.mimetype == "text/csv"
        assert "ETag" not in answer.headers


def test_for_a_spreadsheet_the_zip_holds_safe_files(signed_in: FlaskClient, formulas: str) -> None:
    with signed_in.get(f"/jobs/{formulas}/totals.zip?for=spreadsheet") as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename=plays-totals-spreadsheet.zip"
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
            assert {name: archive.read(name) for name in archive.namelist()} == {
                "plays-totals-00001-spreadsheet.csv": MARK + b"Song,Date,Total\n'=1+1,2020-01-01,-5\n",
                "plays-left-out-spreadsheet.csv": MARK + b"Line,Column,Value,Reason\r\n7,Date,'=1+1,'-\r\n",
            }


def test_for_a_spreadsheet_the_rows_left_out_are_safe_too(signed_in: FlaskClient, formulas: str) -> None:
    with signed_in.get(f"/jobs/{formulas}/left-out.csv?for=spreadsheet") as answer:
        assert answer.data == MARK + b"Line,Column,Value,Reason\r\n7,Date,'=1+1,'-\r\n"
        assert answer.headers["Content-Disposition"] == "attachment; filename=plays-left-out-spreadsheet.csv"


def test_what_is_no_such_variant_does_not_look_like_one(
    signed_in: FlaskClient, job_id: str, part_addresses: list[str]
) -> None:
    for address in (part_addresses[0], f"/jobs/{job_id}/totals.zip", f"/jobs/{job_id}/left-out.csv"):
        answer = signed_in.get(f"{address}?for=Excel")
        assert (answer.status_code, "for should be spreadsheet" in answer.text) == (400, True)


def test_the_page_offers_each_download_for_a_spreadsheet(
    signed_in: FlaskClient, job_id: str, part_addresses: list[str]
) -> None:
    page = signed_in.get(f"/jobs/{job_id}").text
    for address in (*part_addresses, f"/jobs/{job_id}/totals.zip", f"/jobs/{job_id}/left-out.csv"):
        assert re.search(rf'href="{re.escape(address)}\?for=spreadsheet"\s+title="[^"]+"', page)


def test_without_rows_left_out_there_is_no_such_file(signed_in: FlaskClient, job_in: Callable[..., str]) -> None:
    for address in (
        f"/jobs/{job_in(JobState.DONE)}/left-out.csv",
        f"/jobs/{job_in(JobState.DONE)}/left-out.csv?for=spreadsheet",
    ):
        assert signed_in.get(address).status_code == 404


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.DONE])
def test_only_a_job_that_is_done_has_downloads(
    app: Flask, signed_in: FlaskClient, job_in: Callable[..., str], state: JobState
) -> None:
    job_id = job_in(state, rejected=(ROW,))
    assert signed_in.get(f"/jobs/{job_id}/totals.zip").status_code == 404
    assert signed_in.get(f"/jobs/{job_id}/left-out.csv").status_code == 404
    with app.app_context():
        for part in db.session.get(Job, job_id).parts:
            assert signed_in.get(f"/parts/{part.id}").status_code == 404


def test_files_that_vanished_from_the_disk_are_not_there(
    app: Flask, signed_in: FlaskClient, job_id: str, part_addresses: list[str]
) -> None:
    with app.app_context():
        app.extensions["playtally"].files.remove_job(job_id)
    for address in (*part_addresses, f"/jobs/{job_id}/totals.zip"):
        assert signed_in.get(address).status_code == 404
        assert signed_in.get(f"{address}?for=spreadsheet").status_code == 404
    assert signed_in.get(f"/jobs/{job_id}").status_code == 200


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plays-2024-03.csv", "plays-2024-03"),
        ("PLAYS.CSV.gz", "PLAYS"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\März 2024.csv", "März_2024"),
        ('a"; filename=evil.exe\r\n.csv', "a_filename_evil.exe"),
        (".hidden", "hidden"),
        ("", "plays"),
        ("🎵.csv", "plays"),
        ("夜.csv", "夜"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_download_has_a_name_that_is_safe_anywhere(name: str, safe: str) -> None:
    assert stem(name) == safe
