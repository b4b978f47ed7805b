"""The kernel: it reads what the rules read, hands back the rest, and loses nothing between the two."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processing.dialect.syntax import COMMAS
from processing.dialect.tokenizer import MAX_QUOTED_RUN, Tokenizer
from processing.reading import kernel
from processing.reading.kernel import MOST_ODD, last_record_end
from processing.reading.kernel_ffi import library
from tests.examples import examples
from tests.processing.referee import LEAST_TABLE, PLAIN, assert_agrees, dialect_of, judge, kernel_read

PIECES = [b"a", b'"', b",", b"\n", b"\r", b"-", b" ", b"\t", b"+", b"\xc3", b"\xa9", b"\xff", b"\0", b"0", b"1", b"9"]
PIECES += [b"\r\n", b'""', b'","', b"\xc3\xa9", b"\xf0\x9f\x8e\xb5", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"Song", b";"]
PIECES += [b"2020-01-31", b"2020-02-30", b",2020-01-31,5\n", b',"2020-01-31","5"\r\n', b"12345678", b"\n\n"]
SONGS = [b"a", b"Umbrella", b'"a,""b"""', b'"two\nlines"', b'"two\r\nlines"', b"", b'""', b'"a"b', b'12" mix', b'"']
SONGS += [
    b"\xff",
    b'"\xff"',
    b'"""\xff"',
    b"x" * 24,
    b"x" * 25,
    b'"' + b'""' * 20 + b'"',
    b" ",
    b"\xef\xbb\xbfa",
    b"\0",
]
DAYS = [b"2020-01-31", b"2020-02-30", b" 2020-01-31\t", b'"2020-01-31"', b"0001-01-01", b"9999-12-31", b"", b"x"]
DAYS += [b'"2020-01-""31"', b"0000-01-01", b"2020-01-3\xb1", b"2020/01/31", b"\xb2\xb0\xb2\xb0-01-31"]
PLAYS = [b"5", b"007", b"+5", b"-0", b"-5", b"", b'"12"', b" 3 ", b"1234567", b"12345678", b"0x5", b"9" * 18, b"9" * 19]
PLAYS += [b'"1""2"', b"1 2", b"\xff", b"+", b"-", b"5\0", b"00000000000000000007"]
LINE_ENDS = [b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n"]
ROWS = st.tuples(*map(st.sampled_from, (SONGS, DAYS, PLAYS, LINE_ENDS)))
SIZES = {"capacity": st.integers(1, 80), "table": st.one_of(st.just(1 << 20), st.integers(0, 200))}


def test_the_kernel_is_installed() -> None:
    # Else all else here would be about nothing: `make kernel` builds it.
    assert library() is not None


def check(data: bytes, capacity: int, table: int) -> None:
    borders = (b"Song", b"a", b"two\nlines")
    read = kernel_read(data, capacity=capacity, max_bytes=LEAST_TABLE + table, borders=borders)
    assert_agrees(data, read, borders=borders)


@settings(max_examples=examples(200), deadline=None)
@given(data=st.binary(min_size=1, max_size=100), **SIZES)
def test_arbitrary_bytes_are_read_as_the_referee_reads_them(data: bytes, capacity: int, table: int) -> None:
    check(data, capacity, table)


@settings(max_examples=examples(800), deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=60), **SIZES)
def test_bytes_that_look_like_a_table_are_read_as_the_referee_reads_them(
    pieces: list[bytes], capacity: int, table: int
) -> None:
    check(b"".join(pieces), capacity, table)


@settings(max_examples=examples(600), deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=40), cut=st.integers(0, 12), **SIZES)
@example(rows=[(b'"a', b"x", b"\n", b"\n")] * 70, cut=0, capacity=80, table=1 << 20)
def test_rows_with_odd_ones_among_them_are_read_as_the_referee_reads_them(
    rows: list[tuple[bytes, ...]], cut: int, capacity: int, table: int
) -> None:
    data = b"".join(b",".join(row[:3]) + row[3] for row in rows)
    check(data[: len(data) - cut] or b"\n", capacity, table)


def columns_of(row: tuple[bytes, ...], order: tuple[int, ...], fields: int) -> list[bytes]:
    """The three values at their places, with other things around them."""
    others = [b"extra", b'"extra, ""too"""', b"", b"\xff", b"7"]
    line = [others[place % len(others)] for place in range(fields)]
    for place, value in zip(order, row, strict=True):
        line[place] = value
    return line


@settings(max_examples=examples(300), deadline=None)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=8),
    places=st.one_of(
        st.permutations(range(3)).map(lambda order: (tuple(order), 3)),
        st.tuples(st.permutations(range(6)).map(lambda order: tuple(order[:3])), st.just(6)),
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_columns_at_any_places_between_any_delimiters_are_read_as_the_referee_reads_them(
    rows: list[tuple[bytes, ...]], places: tuple[tuple[int, int, int], int], delimiter: str
) -> None:
    dialect = dialect_of(*places, delimiter)
    data = b"".join(delimiter.encode().join(columns_of(row[:3], *places)) + row[3] for row in rows)
    assert_agrees(data, kernel_read(data, dialect), dialect)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_rows_beyond_doubt_are_never_handed_back(order: tuple[int, int, int], line_end: bytes) -> None:
    songs = [b"a", b"Umbrella", "夜に駆ける".encode(), b'"a,""b"""', b'"two\r\nlines"', b'12" mix', b" x", b"x" * 5000]
    numbers = [b"0", b"5", b"1234567", b"12345678", b"9" * 18, b"+7", b"-0", b" 7\t", b'"7"']
    days = [b"2020-01-31", b" 2020-02-29", b'"9999-12-31"']
    rows = [(song, day, plays) for song in songs for day in days for plays in numbers]
    data = b"".join(b",".join(columns_of(row, order, 3)) + line_end for row in rows)
    read = kernel_read(data, dialect_of(order))
    assert (read.odd, len(read.rows), read.calls) == ([], len(rows), 1)
    assert_agrees(data, read, dialect_of(order))


def test_names_of_bytes_that_are_no_text_are_handed_back_and_not_numbered() -> None:
    wrong = [b"\xff", b"\xc3", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80"]
    wrong += [b"\x80", b"a\xe2\x82", b"\xf5\x80\x80\x80", b"\xe2\x28\xa1", b"\xf0\x9f\x8e", b"x" * 30 + b"\xc3"]
    data = b"".join(
        b'%b,2020-01-31,5\n"%b",2020-01-31,5\n"""%b",2020-01-31,5\nb,2020-01-31,7\n' % ((n,) * 3) for n in wrong
    )
    read = kernel_read(data)
    assert (len(read.odd), {song for song, _day, _plays in read.rows}) == (3 * len(wrong), {"b"})
    assert_agrees(data, read)


def test_every_letter_there_is_makes_a_name() -> None:
    codes = [code for code in range(1, 0x10FFFF + 1) if not 0xD800 <= code < 0xE000]
    letters = [letter for letter in map(chr, codes) if letter not in '\n\r,"']
    songs = ["".join(letters[start : start + 500]) for start in range(0, len(letters), 500)]
    read = kernel_read("".join(f"{song},2020-01-31,1\n" for song in songs).encode(), capacity=len(songs) + 1)
    assert [song for song, _day, _plays in read.rows] == songs


@pytest.mark.parametrize("before", [0, 1, 40])
def test_more_odd_rows_than_one_call_hands_back_take_several_calls(before: int) -> None:
    # Names that are no text are handed back many at once, bad days one at a time.
    data = b"b,x,1\n" * before + b"\xff,2020-01-31,1\n" * (2 * MOST_ODD) + b"a,2020-01-31,1\nb,x,1\n" * MOST_ODD
    read = kernel_read(data, capacity=1 << 17)
    assert (read.calls > 2, len(read.odd), len(read.rows)) == (True, before + 3 * MOST_ODD, MOST_ODD)
    assert [data[start:end] for start, end, _line in read.odd] == [
        *[b"b,x,1\n"] * before,
        *[b"\xff,2020-01-31,1\n"] * (2 * MOST_ODD),
        *[b"b,x,1\n"] * MOST_ODD,
    ]
    assert read.lines == before + 4 * MOST_ODD


@settings(max_examples=examples(500), deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=40),
    more=st.lists(st.sampled_from(PIECES), max_size=8),
)
def test_what_counts_as_whole_records_stays_so_whatever_comes_behind(pieces: list[bytes], more: list[bytes]) -> None:
    data, behind = b"".join(pieces), b"".join(more)
    end = last_record_end(data, COMMAS)
    tokenizer = Tokenizer()
    whole = [(record.start, record.end, record.fields) for record in tokenizer.records(data + behind)]
    rest = [(end + record.start, end + record.end, record.fields) for record in tokenizer.records(data[end:] + behind)]
    assert [(record.start, record.end, record.fields) for record in tokenizer.records(data[:end])] + rest == whole
    # It is the most there can be: all but blank lines that the tokenizer is sure of.
    sure = max((record.end for record in tokenizer.records(data, at_end=False)), default=0)
    assert sure <= end
    assert not data[sure:end].strip(b"\r\n")


@pytest.mark.parametrize("over", [0, 1])
def test_a_quote_closes_as_far_away_as_the_referee_allows_and_no_further(over: int) -> None:
    song = b'"' + b"x" * (MAX_QUOTED_RUN + over) + b'"'
    data = b"a,2020-01-31,1\n" + song + b",2020-01-31,5\nb,2020-01-31,7\n"
    read = kernel_read(data)
    assert len(read.odd) == over
    assert_agrees(data, read)
    # Still open at the end, it may close in the bytes to come only where they could be near enough.
    before, opened = b"a,2020-01-31,1\n", b'"\n' + b"x" * (MAX_QUOTED_RUN - 1 + over)
    assert last_record_end(before + opened, COMMAS) == len(before) + 2 * over


def test_nothing_that_lies_behind_a_block_changes_how_it_is_read() -> None:
    for behind in (b"", b"0", b"9,2020-01-31,5\n", b'"', b"\n", b"\xff" * 40):
        for data in (b"a,2020-01-31,1", b"a,2020-01-31,", b"a,2020-01-3", b'"a"', b'"a', b"a", b"a,2020-01-31,1\r"):
            whole = memoryview(data + behind)[: len(data)]
            songs, columns = kernel.SongTable((), 1 << 20), kernel.Columns(10)
            found = columns.read(songs, PLAIN, whole)
            assert (found.rows, len(found.odd)) == ((1, 0) if judge(data)[0].row else (0, 1))
            assert columns.plays.tolist() == [1] * found.rows
            assert songs.export().names.to_pylist() == ["a"] * found.rows
