"""Refusals with their parameters, those that no pair of files in tests/data shows; and that each one is in the docs."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from processing.errors import RefusedError
from processing.options import DialectOptions, Options
from processing.pipeline import process_csv
from processing.reading import record_boundaries
from processing.sentences import REFUSALS
from processing.source import decompression
from tests.corpus.words import complaint
from tests.paths import ROOT

ROWS = b"Song,Date,Number of Plays\nA,2024-01-31,1\nB,2024-02-01,2\n"
Refusal = tuple[str, int | None, dict[str, Any]]  # key, line, parameters


def zip_of(*names: str, method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in names:
            archive.writestr(name, ROWS)
    return file.getvalue()


def refusal_of(data: bytes, folder: Path, form: DialectOptions | None = None) -> Refusal:
    source = folder / "in"
    source.write_bytes(data)
    with pytest.raises(RefusedError) as refusal:
        process_csv(source, folder / "out", Options(dialect=form or DialectOptions()))
    assert complaint(refusal.value.message, refusal.value.value) is None
    return refusal.value.key, refusal.value.line, refusal.value.params


def test_each_code_is_in_the_table_of_the_docs_and_each_one_there_is_a_code() -> None:
    codes = {key.partition(".")[0] for key in REFUSALS} - {"files", "unknown"}  # which no file is refused with
    table = (ROOT / "docs" / "files.md").read_text().split("## Refusals")[1].split("## ")[0]
    named = {
        code for line in table.splitlines() if line.startswith("| `") for code in line.split("|")[1].split("`")[1::2]
    }
    assert named == codes


@pytest.mark.parametrize(
    ("data", "form", "expected"),
    [
        (
            b"Wer,Wann,Was\nA,2024-01-31,1\nB,2024-02-01,2\n",
            DialectOptions(),
            ("columns_unclear.names", 1, {}),
        ),
        (
            ROWS,
            DialectOptions(columns=("Song", "Song", None)),
            ("columns_unclear.chosen", 1, {}),
        ),
        (
            ROWS,
            DialectOptions(header_line=9),
            ("header_not_found", 9, {}),
        ),
        (
            b'"Song,Date\n' + ROWS,
            DialectOptions(header_line=1),
            ("header_not_found.open_quote", 1, {}),
        ),
        (
            ROWS.replace(b"A", b"\x81"),
            DialectOptions(encoding="cp1252"),
            ("encoding_unknown", 2, {}),
        ),
        (gzip.compress(b"", mtime=0), DialectOptions(), ("empty_file.inside", None, {})),
        (zip_of(), DialectOptions(), ("archive_empty", None, {})),
        (
            zip_of("a", "b", "c"),
            DialectOptions(),
            ("archive_several", None, {"count": 3, "files": ["a", "b", "c"]}),
        ),
        (
            zip_of("a", 'b"\n', "c", "d"),
            DialectOptions(),
            ("archive_several.more", None, {"count": 4, "files": ["a", "b??", "c"]}),
        ),
        (
            zip_of("a.csv").replace(
                b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x09\x00"
            ),
            DialectOptions(),
            ("archive_method", None, {}),
        ),
        (
            zip_of("[Content_Types].xml", "other/thing.xml"),
            DialectOptions(),
            ("not_a_csv.office", None, {}),
        ),
        (
            b"Song,Day,Plays\nA,2024-01-31,x\n",
            DialectOptions(),
            ("bad_rows.only", 2, {"rows": 1, "reason": "not_whole"}),
        ),
        (
            ROWS + b"C,2024-02-02\n",
            DialectOptions(),
            ("bad_rows.one", 4, {"rows": 3, "reason": "too_few", "found": 2, "expected": 3}),
        ),
    ],
)
def test_a_file_is_refused_with_these_parameters(
    data: bytes, form: DialectOptions, expected: Refusal, tmp_path: Path
) -> None:
    assert refusal_of(data, tmp_path, form) == expected


def test_a_bomb_is_refused_with_its_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompression, "FREE_BYTES", 100)
    bomb = gzip.compress(ROWS + b"A,2024-01-31,1\n" * 100_000)
    key, line, params = refusal_of(bomb, tmp_path)
    assert (key, line, params["packed"]) == ("unpacks_too_large", None, len(bomb))
    assert params["unpacked"] > 250 * len(bomb)


def test_a_line_without_end_is_refused_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_boundaries, "MAX_RECORD", 1 << 20)
    data = ROWS * 10_000 + b"x" * (40 << 20)
    key, _line, params = refusal_of(data, tmp_path)
    assert (key, params["megabytes"]) == ("line_too_long", 1)
    assert 0 <= params["start"] <= len(ROWS) * 10_000
