"""Reading: the fast path takes exactly what the rules in rows.py take, and says the same."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.columns import INPUT_COLUMNS
from processing.dialect.dialect import Dialect
from processing.reading import arrow_reader
from processing.reading.arrow_reader import exact_sum, read_block
from processing.reading.bad_row_spool import BadRowList
from processing.reading.blocks import Span
from processing.reading.slow_path import OddRows
from tests.examples import examples

DIALECT = Dialect("utf-8", True, 3, {name: place for place, name in enumerate(INPUT_COLUMNS)}, 0, 20.0)
READER = DIALECT.row_reader()
SONGS = ["A", "", "NA", "null", "0x10", " b ", '"q,""x"', "\ufeffbom", "é", "a\x00b", "\x1f", '12" mix']
DAYS = [
    "2020-01-01",
    "2020-02-30",
    "0000-01-01",
    "0001-01-01",
    "9999-12-31",
    " 2020-01-01\t",
    "",
    "20200101",
    "2020-1-1",
]
DAYS += ['"2020-01-01"', "2020-01-01T00:00:00", "-001-01-01", "٢٠٢٠-٠١-٠١", "2020-01-01\xa0"]
PLAYS = ["5", "0", "007", " 7 ", "+5", "-0", "-5", "0x10", "0XfF", "1e3", "5.0", "1_000", "", "٣", "999999", "1000000"]
PLAYS += ["9223372036854775807", "9223372036854775808", "0x7FFFFF", "1048575", "0" * 30 + "7", '"200"', "5\x0b", "nan"]


def both_ways(data: bytes, tmp_path: Path) -> list[object]:
    source = tmp_path / "in.csv"
    source.write_bytes(data)
    results: list[object] = []
    for needs_tokenizer in (False, True):
        span = Span(0, 0, len(data), quoted=b'"' in data, needs_tokenizer=needs_tokenizer)
        rows, report = read_block(source, span, DIALECT)
        results.append((rows.to_pylist(), report.rows, report.plays, tuple(report.bad.all())))
    return results


@pytest.mark.parametrize("song", SONGS)
@pytest.mark.parametrize("day", DAYS)
def test_the_fast_path_and_the_rules_agree_on_each_song_and_day(song: str, day: str, tmp_path: Path) -> None:
    fast, needs_tokenizer = both_ways(f"{song},{day},5\nB,2020-01-01,7\n".encode(), tmp_path)
    assert fast == needs_tokenizer


@pytest.mark.parametrize("plays", PLAYS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", ""])
def test_the_fast_path_and_the_rules_agree_on_each_number(plays: str, line_end: str, tmp_path: Path) -> None:
    fast, needs_tokenizer = both_ways(f"A,2020-01-01,{plays}{line_end}".encode(), tmp_path)
    assert fast == needs_tokenizer


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.sampled_from(SONGS[:9]), st.sampled_from(DAYS), st.sampled_from(PLAYS)), max_size=5))
def test_the_fast_path_and_the_rules_agree_on_mixtures(rows: list[tuple[str, str, str]], tmp_path: Path) -> None:
    fast, needs_tokenizer = both_ways("".join(",".join(row) + "\n" for row in rows).encode(), tmp_path)
    assert fast == needs_tokenizer


def test_clean_rows_never_reach_the_slow_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(arrow_reader.OddRows, "judge")
    monkeypatch.delattr(arrow_reader.OddRows, "judge_one")
    data = b'"a\n""b""",2020-01-01,7\r\nUmbrella,2020-01-02,1500000\r\n'
    source = tmp_path / "in.csv"
    source.write_bytes(data)
    rows, report = read_block(source, Span(0, 0, len(data), quoted=True, needs_tokenizer=False), DIALECT)
    assert rows.column(0).to_pylist() == ['a\n"b"', "Umbrella"]
    assert report.plays == 1500007


def test_hexadecimal_plays_are_bad_rows_however_the_lengths_add_up(tmp_path: Path) -> None:
    for number in (0x0, 0x10, 0xFFFF, 0xFFFFF, 0xFFFFFF, 0xFFFFFFFFFF):
        for ends in ("\n\n", "\r\n\r\n", "\r\n|\n", "\n|\r\n", "\n|"):
            first, last = ends.split("|") if "|" in ends else (ends[: len(ends) // 2],) * 2
            fast, _exact = both_ways(f"A,2020-01-01,0x{number:x}{first}B,2020-01-01,1{last}".encode(), tmp_path)
            assert [column for _line, column, *_others in fast[3]] == ["Number of Plays"]  # type: ignore[index]


def test_hexadecimal_plays_do_not_hide_behind_line_ends_inside_quotes(tmp_path: Path) -> None:
    for song in ('"a\r\n\r\nb"', '"a\n\n\n\nb"', '"a\n\nb"', '"""a"""', '"a\r\r\rb""\n"'):
        for end in ("\n", "\r\n"):
            data = f"{song},2020-01-01,1{end}x,2020-01-01,0x5{end}".encode()
            fast, needs_tokenizer = both_ways(data, tmp_path)
            assert fast == needs_tokenizer
            assert fast[2] == 1  # type: ignore[index]


def test_letters_that_are_not_utf_8_make_a_bad_row_and_spare_the_others(tmp_path: Path) -> None:
    fast, _exact = both_ways(b"caf\xe9,2020-01-01,5\nB,2020-01-01,7\n", tmp_path)
    assert fast[2] == 7  # type: ignore[index]
    assert [row[:3] for row in fast[3]] == [(1, "Song", "caf\\xe9")]  # type: ignore[index]


def judged(data: bytes) -> weakref.ref[OddRows]:
    with BadRowList(None) as bad:
        odd = OddRows(memoryview(data), DIALECT, bad, READER)
        odd.judge(0, len(data))
        assert bad.count == 1
    return weakref.ref(odd)


@pytest.mark.parametrize("row", [b"A,x,5", b"A,2020-02-30,5", b"A,\xff,5", b"A,2020-01-01,12.5", b"A,2020-01-01,\xff"])
def test_a_bad_value_that_is_remembered_keeps_nothing_of_its_block_alive(row: bytes) -> None:
    block = judged(row)
    gc.collect()
    assert block() is None


@given(st.lists(st.integers(0, 2**63 - 1), max_size=20))
def test_sums_are_exact_past_the_largest_64_bit_number(values: list[int]) -> None:
    assert exact_sum(np.array(values, np.int64)) == sum(values)
