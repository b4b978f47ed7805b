"""Totals for a spreadsheet: no song runs as a formula, and nothing else changes by a byte."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.downloads import formula_escaping
from webapp.downloads.formula_escaping import pieces_of, safe_table, safe_totals

HEADER = "Song,Date,Total Number of Plays for Date"
INNER = re.compile(r"(?<=[;\t])(?=[=+\-@])")  # where a cell begins, if semicolons or tabs separate cells
STARTS = ("=", "+", "-", "@", "\t", "\r")
# Mostly what our parts have to quote and spreadsheets must not run, so that all of it meets.
SONGS = st.lists(
    st.sampled_from([*"=+-@\t\r\n\"',;ab é", "\r\n", '""', '\n"=', "🎵"]) | st.characters(codec="utf-8"), min_size=1
).map("".join)
Row = tuple[str, str, str]
ROWS = st.lists(
    st.tuples(SONGS, st.just("2020-01-02"), st.integers(min_value=-(2**70), max_value=2**70).map(str)), max_size=20
)


def part_of(rows: list[Row]) -> bytes:
    """As processing writes it: songs quoted where they hold a comma, a quote or a line end."""
    lines = [HEADER]
    for song, *others in rows:
        quoted = '"' + song.replace('"', '""') + '"' if set(song) & set(',"\r\n') else song
        lines.append(",".join((quoted, *others)))
    return ("\n".join(lines) + "\n").encode()


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def guarded(song: str) -> str:
    marked = INNER.sub("'", song)
    return "'" + marked if song.startswith(STARTS) else marked


@settings(deadline=None)
@given(ROWS, st.integers(min_value=1, max_value=200))
def test_python_reads_each_song_as_it_was_but_for_the_mark_before_formulas(rows: list[Row], size: int) -> None:
    safe = b"".join(safe_totals(pieces(part_of(rows), size)))
    assert safe.startswith(codecs.BOM_UTF8)
    read = list(csv.reader(io.StringIO(safe.decode("utf-8-sig"), newline="")))
    assert read == [HEADER.split(","), *([guarded(song), *others] for song, *others in rows)]


@settings(deadline=None)
@given(ROWS, st.integers(min_value=1, max_value=200))
def test_all_else_stays_byte_for_byte(rows: list[Row], size: int) -> None:
    """Quotes do not come or go: the mark is all there is more."""
    safe = b"".join(safe_totals(pieces(part_of(rows), size)))
    kept = codecs.BOM_UTF8 + part_of([(song.removeprefix("'"), *others) for song, *others in rows])
    marks = sum(song.startswith(STARTS) for song, *_ in rows) + sum(song.startswith("'") for song, *_ in rows)
    marks += sum(len(INNER.findall(song)) for song, *_ in rows)
    assert len(safe) == len(kept) + marks
    assert safe.replace(b"'", b"") == kept.replace(b"'", b"")


@pytest.mark.parametrize(
    ("song", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-Ellie-", "'-Ellie-"),
        ("@work", "'@work"),
        ("\tx", "'\tx"),
        ('"\rx"', '"\'\rx"'),
        ('"=1,2"', '"\'=1,2"'),
        ('"a\n=1"', '"a\n=1"'),
        ('"a""\n=1"', '"a""\n=1"'),
        ('"""=1"', '"""=1"'),
        ("'=1", "'=1"),
        ("1=1", "1=1"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_song_that_begins_like_a_formula_gets_a_mark(song: str, safe: str, size: int) -> None:
    content, expected = (f"{HEADER}\n{one},2020-01-02,-5\nUmbrella,2020-01-02,1\n" for one in (song, safe))
    assert b"".join(safe_totals(pieces(content.encode(), size))) == codecs.BOM_UTF8 + expected.encode()


@pytest.mark.parametrize("content", [b"", b"\n", HEADER.encode(), HEADER.encode() + b'\n"'])
def test_even_an_odd_file_comes_through(content: bytes) -> None:
    assert b"".join(safe_totals([content])) == codecs.BOM_UTF8 + content


def test_no_piece_is_empty_since_some_servers_end_an_answer_there() -> None:
    content = part_of([("a", "2020-01-02", "1"), ("=a", "2020-01-02", "1")])
    assert all(safe_totals(pieces(content, 1)))


def test_no_more_than_a_piece_is_held_however_long_a_song_is() -> None:
    song = b'"' + b"=\n" * 500_000 + b'"'
    sent = list(safe_totals(pieces(b"Song\n" + song + b",2020-01-02,1\n", 1000)))
    assert max(map(len, sent)) <= 1002
    assert sum(map(len, sent)) == len(codecs.BOM_UTF8) + len(song) + len(b"Song\n',2020-01-02,1\n")


def test_a_file_is_read_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formula_escaping, "PIECE", 10)
    path = tmp_path / "part.csv"
    path.write_bytes(b"x" * 25)
    assert [len(piece) for piece in pieces_of(path)] == [10, 10, 5]


@settings(deadline=None)
@given(st.lists(st.lists(SONGS | st.just(""), min_size=4, max_size=4)))
def test_in_a_table_of_strangers_values_any_cell_may_be_a_formula(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("table") / "rejected.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    safe = b"".join(safe_table(path))
    assert safe.startswith(codecs.BOM_UTF8)
    read = list(csv.reader(io.StringIO(safe.decode("utf-8-sig"), newline="")))
    assert read == [[guarded(cell) for cell in row] for row in rows]


def test_a_table_without_formulas_stays_as_it_is_but_for_its_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formula_escaping, "PIECE", 50)
    content = b"Line,Column,Value,Reason\n" + b'7,Date,"a ""b""",has no date\n' * 20
    path = tmp_path / "rejected.csv"
    path.write_bytes(content)
    sent = list(safe_table(path))
    assert b"".join(sent).replace(b"\r\n", b"\n") == codecs.BOM_UTF8 + content
    assert len(sent) > 5
