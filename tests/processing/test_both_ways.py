"""By the kernel or by Arrow alone: the same bytes of all parts, the same rows left out, the same refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.option_words import BadRows
from processing.options import DialectOptions, Options
from processing.totalling import plan
from tests.examples import examples
from tests.processing.ways import result_of, same_both_ways

SONGS = [b"Umbrella", b"Halo", b"NA", b" lead", b'12" mix', "Für Elise".encode(), "夜に駆ける".encode(), b"\xff"]
SONGS += [
    b"",
    b"x" * 24,
    b"x" * 25,
    b"\xef\xbb\xbfbom",
    b"0x10",
    *(b"Same Prefix Song %04d" % n for n in range(0, 60, 4)),
]
QUOTED = [b'"a,b"', b'"say ""hi"""', b'"two\nlines"', b'"two\r\nlines"', b'"\xff"', b'"open', b'"a"b', b'""', b'"Halo"']
DAYS = [b"2020-01-01", b"2020-01-02", b"2019-12-31", b"1970-01-01", b" 2020-01-01", b'"2020-01-01"', b"2020-02-30"]
DAYS += [b"0000-01-01", b"0001-01-01", b"9999-12-31", b"x", b""]
PLAYS = [b"1", b"20", b"300", b"0", b"007", b" 7 ", b"+5", b"-0", b"-5", b"0x10", b"12.5", b'"7"', b"", b"1" * 18]
PLAYS += [b"9223372036854775807", b"9223372036854775808", b"\xff"]
# Most rows are good ones, in each column.
LINES = st.one_of(
    st.tuples(st.sampled_from(SONGS[:8]), st.sampled_from(DAYS[:3]), st.sampled_from(PLAYS[:3])).map(b",".join),
    st.tuples(*map(st.sampled_from, (SONGS + QUOTED, DAYS, PLAYS))).map(b",".join),
    st.sampled_from([b"", b"a,b", b"a,b,c,d", b"\xff,\xff,\xff", b'"', b",,"]),
)
HEADERS = st.sampled_from([b"Song,Date,Number of Plays", b'\xef\xbb\xbfSong,"Date",Number of Plays', b"A,2020-01-01,1"])
LINE_ENDS = [b"\n", b"\r\n", b"\r", b"\n\n"]
OPTIONS = st.builds(
    Options,
    bad_rows=st.just(BadRows.SKIP),
    block_bytes=st.integers(20, 600),
    buckets=st.integers(1, 9),
    threads=st.integers(1, 3),
    max_part_bytes=st.integers(300, 2000),
)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    header=HEADERS,
    lines=st.lists(LINES, min_size=1, max_size=60),
    ends=st.lists(st.sampled_from(LINE_ENDS), min_size=1, max_size=4),
    last_end=st.booleans(),
    options=OPTIONS,
    grid=st.booleans(),
)
@example(header=b"A,2020-01-01,1", lines=[b'"'] * 30, ends=[b"\r\n"], last_end=False, options=Options(), grid=False)
def test_any_table_with_bad_rows_in_it_gives_the_same_bytes_both_ways(
    header: bytes, lines: list[bytes], ends: list[bytes], last_end: bool, options: Options, grid: bool
) -> None:
    pieces = [line + ends[n % len(ends)] for n, line in enumerate([header, *lines])]
    data = b"".join(pieces) if last_end else b"".join(pieces).rstrip(b"\r\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "_FEW_DIFFERENT", 2 if grid else -1)  # whether running totals are tried
        same_both_ways(data, replace(options, bad_rows=BadRows.SKIP))


@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    values=st.lists(st.tuples(*map(st.sampled_from, (SONGS + QUOTED, DAYS, PLAYS))), max_size=30),
    columns=st.permutations(["song", "date", "plays", "extra", "more"]),
    options=OPTIONS,
)
def test_columns_at_any_places_give_the_same_bytes_both_ways(
    values: list[tuple[bytes, ...]], columns: list[str], options: Options
) -> None:
    names = {"song": b"Song", "date": b"Date", "plays": b"Number of Plays", "extra": b"Extra", "more": b"More"}
    lines = [b",".join(names[column] for column in columns)]
    for song, day, plays in [(b"A", b"2020-01-01", b"1"), *values]:
        fields = {"song": song, "date": day, "plays": plays, "extra": b"\xff, 7"[:2], "more": b'"more, ""still"""'}
        lines.append(b",".join(fields[column] for column in columns))
    same_both_ways(b"\n".join(lines), options)


def test_a_table_of_many_good_and_bad_rows_gives_the_same_bytes_both_ways() -> None:
    # More bad rows than a report lists, and more than a block keeps in memory.
    lines = [b"Song %d,2020-01-%02d,%d" % (n % 700, n % 40 + 1, n) for n in range(30_000)]
    found = same_both_ways(b"\r\n".join(lines), Options(bad_rows=BadRows.SKIP, block_bytes=200_000, buckets=4))
    bad = sum(n % 40 > 30 for n in range(30_000))
    assert (found.counts[:3], len(found.listed)) == ((30_000, 30_000 - bad, bad), 1000)
    assert found.rejected is not None
    assert found.rejected.count(b"\n") == bad + 1


def test_a_file_with_bad_rows_is_refused_with_the_same_words_both_ways() -> None:
    data = b'Song,Date,Number of Plays\n"A\nB",2020-01-01,1\nC,x,1\n\xff,2020-01-01,1\nD,2020-01-01,1,1\n'
    found = same_both_ways(data, Options(dialect=DialectOptions(encoding="utf-8")))
    assert found.refusal is not None
    assert (found.refusal["code"], found.refusal["line"], found.refusal["bad_rows"]) == ("bad_rows", 4, 3)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_order_in_which_blocks_are_read_changes_no_byte(threads: int) -> None:
    data = b"".join(b"Song %d,2020-01-%02d,%d\n" % (n * 7919 % 901, n % 28 + 1, n) for n in range(20_000))
    whole = result_of(data, Options(threads=1, use_kernel=False))
    for _ in range(3):
        assert result_of(data, Options(threads=threads, block_bytes=5000, buckets=7)) == whole
