"""The inspection: which columns stand where, and refusals word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from processing.errors import RefusedError
from processing.inspection.inspect import inspect

S, D, P = "Song", "Date", "Number of Plays"


@pytest.mark.parametrize(
    ("text", "places", "header"),
    [
        ("Song,Date,Number of Plays\nA,2020-01-01,1\n", (0, 1, 2), True),
        ("NUMBER OF PLAYS,song, Date \n1,A,2020-01-01\n", (1, 2, 0), True),
        ("\ufeffid,Song,Date,Country,Number of Plays\n1,A,2020-01-01,SE,1\n", (1, 2, 4), True),
        ("Song,Date,Number\u00a0of  Plays\n" + "x" * (1 << 20) + ",2020-01-01,1\n", (0, 1, 2), True),
        ("A,2020-01-01,1\n", (0, 1, 2), False),
        ("2020-01-01,1,A\n", (2, 0, 1), False),
        ("7,2020-01-01,9\n", (0, 1, 2), False),
        ('\n\n"Song","Date","Number of Plays"\r\n"a\nb",2020-01-01,1\r\n', (0, 1, 2), True),
    ],
)
def test_columns_are_found_by_name_or_by_kind(
    tmp_path: Path, text: str, places: tuple[int, int, int], header: bool
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(text, encoding="utf-8", newline="")
    dialect = inspect(source)
    assert dialect.places == dict(zip((S, D, P), places, strict=True))
    assert dialect.header is header
    first = source.read_bytes()[dialect.first_row :].lstrip()
    assert not first.lower().startswith((b"song", b"\xef\xbb\xbf", b"number", b"id"))


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"", "empty_file", "The file is empty. Send a CSV with rows of plays."),
        (b"\n \r\n"[:1] * 3, "empty_file", "The file has only blank lines. Send a CSV with rows of plays."),
        (
            b"Song,Date,Number of Plays\n",
            "no_rows",
            "The file has a header, but no rows below it. Send a file with rows of plays.",
        ),
        (
            b"Song,Date,Heads\nA,2020-01-01,1\n",
            "columns_missing",
            "The header should name the columns Song, Date and Number of Plays, but Number of Plays is missing. "
            "Choose the columns that are meant, or send the file with them.",
        ),
        (
            b"Song,Song,Date,Number of Plays\nA,B,2020-01-01,1\n",
            "columns_ambiguous",
            "The header should name each column once, but names Song 2 times. "
            "Choose the columns that are meant, or rename one and send the file again.",
        ),
        (
            b"hello\nworld\n",
            "columns_not_found",
            "The first line should name the columns Song, Date and Number of Plays, or be a row with a song, a date "
            'like 2024-03-31 and a whole number, but says "hello".',
        ),
        (
            b"PK\x03\x04rest",
            "archive_damaged",
            "The file is compressed (zip) and damaged or cut off, so it cannot be unpacked. Was it sent whole? "
            "Compress it again, or send it unpacked.",
        ),
        (
            b"a\x00b\n",
            "not_a_csv",
            "The file should be a CSV, but it is no text. Save the table in it as CSV, and send that.",
        ),
        (
            b"x" * (1 << 20) + b"y",
            "line_too_long",
            "The first line of the file does not end within a million characters. Is it a CSV of plays?",
        ),
    ],
)
def test_what_is_no_csv_of_plays_is_refused_in_a_sentence(tmp_path: Path, data: bytes, code: str, message: str) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(data)
    with pytest.raises(RefusedError) as refusal:
        inspect(source)
    assert (refusal.value.code, str(refusal.value)) == (code, message)
