"""The inspection: which columns stand where, and refusals with their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from processing.errors import RefusedError
from processing.inspection.inspect import inspect
from tests.corpus.words import complaint

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
    ("data", "key", "params"),
    [
        (b"", "empty_file", {}),
        (b"\n \r\n"[:1] * 3, "empty_file.blank", {}),
        (b"Song,Date,Number of Plays\n", "no_rows", {}),
        (b"Song,Date,Heads\nA,2020-01-01,1\n", "columns_missing", {"missing": [P]}),
        (b"Song,Day after,Heads\nA,2020-01-01,1\n", "columns_missing.several", {"missing": [D, P]}),
        (b"Song,Song,Date,Number of Plays\nA,B,2020-01-01,1\n", "columns_ambiguous.same", {"name": S, "count": 2}),
        (b"hello\nworld\n", "columns_not_found", {}),
        (b"PK\x03\x04rest", "archive_damaged", {"compression": "zip"}),
        (b"a\x00b\n", "not_a_csv.binary", {}),
        (b"x" * (1 << 20) + b"y", "line_too_long.first", {}),
    ],
)
def test_what_is_no_csv_of_plays_is_refused_in_a_sentence(
    tmp_path: Path, data: bytes, key: str, params: dict[str, Any]
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(data)
    with pytest.raises(RefusedError) as refusal:
        inspect(source)
    assert (refusal.value.key, refusal.value.params) == (key, params)
    assert complaint(str(refusal.value), refusal.value.value) is None
