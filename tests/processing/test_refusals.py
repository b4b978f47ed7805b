"""Refusals word for word, those that no pair of files in tests/data shows; and that each one is in the docs."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from pathlib import Path

import pytest

from processing.errors import RefusedError
from processing.options import DialectOptions, Options
from processing.pipeline import process_csv
from processing.reading import record_boundaries
from processing.source import decompression
from tests.paths import ROOT

CODE = re.compile(r'RefusedError\(\s*"([a-z_0-9]+)"|_unclear\(|not_a_csv\(|"(archive_[a-z]+)"')
ROWS = b"Song,Date,Number of Plays\nA,2024-01-31,1\nB,2024-02-01,2\n"


def zip_of(*names: str, method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in names:
            archive.writestr(name, ROWS)
    return file.getvalue()


def refusal_of(data: bytes, folder: Path, form: DialectOptions | None = None) -> tuple[str, int | None, str]:
    source = folder / "in"
    source.write_bytes(data)
    with pytest.raises(RefusedError) as refusal:
        process_csv(source, folder / "out", Options(dialect=form or DialectOptions()))
    return refusal.value.code, refusal.value.line, refusal.value.message


def test_each_code_is_in_the_table_of_the_docs_and_each_one_there_is_a_code() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "processing").rglob("*.py"))
    codes = {one or other for one, other in CODE.findall(sources)} - {""} | {"columns_unclear", "not_a_csv"}
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
            (
                "columns_unclear",
                1,
                "The names of the columns in the first line are not known to us. "
                "Choose them, or send the file with a header that names the columns Song, Date and Number of Plays.",
            ),
        ),
        (
            ROWS,
            DialectOptions(columns=("Song", "Song", None)),
            (
                "columns_unclear",
                1,
                "The columns that were chosen are not three of the header. "
                "Choose them, or send the file with a header that names the columns Song, Date and Number of Plays.",
            ),
        ),
        (
            ROWS,
            DialectOptions(header_line=9),
            (
                "header_not_found",
                9,
                "The header should be in line 9, but no row of the file begins there (or it is too far down). "
                "Choose another line.",
            ),
        ),
        (
            b'"Song,Date\n' + ROWS,
            DialectOptions(header_line=1),
            (
                "header_not_found",
                1,
                "Line 1 cannot be the header, since it has an open quote. Choose another line.",
            ),
        ),
        (
            ROWS.replace(b"A", b"\x81"),
            DialectOptions(encoding="cp1252"),
            (
                "encoding_unknown",
                2,
                "The letters of the file are not Windows-1252 (Western Europe), at line 2 for one. "
                "Save the file as CSV UTF-8 and send that, or choose its encoding.",
            ),
        ),
        (
            gzip.compress(b"", mtime=0),
            DialectOptions(),
            ("empty_file", None, "The compressed file holds an empty one. Send a CSV with rows of plays."),
        ),
        (
            zip_of(),
            DialectOptions(),
            (
                "archive_empty",
                None,
                "The zip should hold one CSV, but holds none. Unpack it and send each file by itself.",
            ),
        ),
        (
            zip_of("a", "b", "c", "d"),
            DialectOptions(),
            (
                "archive_several",
                None,
                'The zip should hold one CSV, but holds 4 files: "a", "b", "c", .... '
                "Unpack it and send each file by itself.",
            ),
        ),
        (
            zip_of("a.csv").replace(
                b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x09\x00"
            ),
            DialectOptions(),
            (
                "archive_method",
                None,
                "The zip is packed in a way that we cannot read. Unpack it and send the CSV in it.",
            ),
        ),
        (
            zip_of("[Content_Types].xml", "other/thing.xml"),
            DialectOptions(),
            (
                "not_a_csv",
                None,
                "The file should be a CSV, but it is an office document. Save the table in it as CSV, and send that.",
            ),
        ),
    ],
)
def test_a_file_is_refused_in_these_words(
    data: bytes, form: DialectOptions, expected: tuple[str, int | None, str], tmp_path: Path
) -> None:
    assert refusal_of(data, tmp_path, form) == expected


def test_a_bomb_is_refused_with_its_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompression, "FREE_BYTES", 100)
    code, line, message = refusal_of(gzip.compress(ROWS + b"A,2024-01-31,1\n" * 100_000), tmp_path)
    assert (code, line) == ("unpacks_too_large", None)
    assert re.fullmatch(
        r"The compressed file has [\d,]+ bytes, but unpacks to more than [\d,]+, which is more than this site unpacks. "
        "Send it unpacked.",
        message,
    )


def test_a_line_without_end_is_refused_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_boundaries, "MAX_RECORD", 1 << 20)
    data = ROWS * 10_000 + b"x" * (40 << 20)
    code, _line, message = refusal_of(data, tmp_path)
    assert code == "line_too_long"
    assert re.fullmatch(
        r"Somewhere after byte [\d,]+ a line is longer than 1 MB. That is no row of plays. Is the file damaged\?",
        message,
    )
