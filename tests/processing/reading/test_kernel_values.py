"""Days and numbers of plays by the kernel: each day there is, and no other; and rows as they are packed for scratch."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.dialect.dates import EPOCH, FIRST_DAY, LAST_DAY
from processing.dialect.dialect import Dialect
from processing.reading.kernel import ROW_FORMATS, Columns, SongTable
from tests.examples import examples
from tests.processing.referee import ENOUGH, PLAIN, assert_agrees, dialect_of, kernel_read

OTHER_ORDER = dialect_of((1, 2, 0))  # goes the longer way through the kernel


def days_read(days: list[str]) -> npt.NDArray[np.int32]:
    songs, columns = SongTable((), ENOUGH), Columns(len(days))
    found = columns.read(songs, PLAIN, memoryview("".join(f"a,{day},1\n" for day in days).encode()))
    assert (found.rows, found.odd) == (len(days), ())
    return columns.day.copy()


def test_days_from_the_first_to_the_last_there_is_are_counted_as_python_counts_them() -> None:
    ordinals = range(FIRST_DAY + EPOCH, LAST_DAY + EPOCH + 1, 41)
    found = days_read([date.fromordinal(ordinal).isoformat() for ordinal in ordinals])
    assert (found == np.array(ordinals) - EPOCH).all()


def test_the_days_around_the_end_of_each_month_of_all_years_are_counted_as_python_counts_them() -> None:
    months = [(year, month) for year in range(1, 10_000) for month in range(1, 13)]
    first = np.array([date(year, month, 1).toordinal() for year, month in months])
    assert (days_read([f"{year:04d}-{month:02d}-01" for year, month in months]) == first - EPOCH).all()
    last = np.append(first[1:] - 1, date.max.toordinal())
    lengths = (last - first + 1).tolist()
    ends = [f"{year:04d}-{month:02d}-{length}" for (year, month), length in zip(months, lengths, strict=True)]
    assert (days_read(ends) == last - EPOCH).all()


def test_the_day_after_the_end_of_each_month_of_all_years_is_handed_back() -> None:
    months = [(year, month) for year in range(1, 10_000) for month in range(1, 13)]
    starts = [date(year, month, 1).toordinal() for year, month in months]
    lengths = np.diff([*starts, date.max.toordinal() + 1]).tolist()
    days = [f"{year:04d}-{month:02d}-{length + 1}" for (year, month), length in zip(months, lengths, strict=True)]
    read = kernel_read("".join(f"a,{day},1\n" for day in days).encode())
    assert (read.rows, len(read.odd)) == ([], len(days))


@pytest.mark.parametrize("year", ["0000", "0001", "0004", "1900", "2000", "2023", "2024", "9999"])
def test_of_all_numbers_for_month_and_day_only_real_ones_make_a_day(year: str) -> None:
    data = "".join(f"a,{year}-{month:02d}-{day:02d},1\n" for month in range(100) for day in range(100)).encode()
    assert_agrees(data, kernel_read(data))


@pytest.mark.parametrize("dialect", [PLAIN, OTHER_ORDER], ids=["usual order", "other order"])
def test_any_byte_at_any_place_of_a_day_is_read_as_the_referee_reads_it(dialect: Dialect) -> None:
    days = [
        day[:place] + bytes([byte]) + day[place + 1 :]
        for day in (b"2024-12-31", b"0999-09-09")
        for place in range(len(day))
        for byte in range(256)
    ]
    data = b"".join(b"a,%b,1\n" % day if dialect is PLAIN else b"1,a,%b\n" % day for day in days)
    assert_agrees(data, kernel_read(data, dialect), dialect)


@pytest.mark.parametrize("dialect", [PLAIN, OTHER_ORDER], ids=["usual order", "other order"])
def test_any_byte_at_any_place_of_a_number_is_read_as_the_referee_reads_it(dialect: Dialect) -> None:
    bytes_that_matter = sorted({*b'0189 \t\r\n,"+-/:.;\x00\x01\x7f\x80\x89\x8a\xb0\xb9\xf0\xff', *range(40, 64)})
    numbers = [
        number[:place] + bytes([byte]) + number[place + 1 :]
        for number in (b"1234567890123456789"[:length] for length in range(1, 20))
        for place in range(len(number))
        for byte in bytes_that_matter
    ]
    data = b"".join(b"a,2024-01-31,%b\n" % n if dialect is PLAIN else b"%b,a,2024-01-31\n" % n for n in numbers)
    assert_agrees(data, kernel_read(data, dialect), dialect)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", ""])
@pytest.mark.parametrize("digits", range(1, 21))
def test_up_to_eighteen_digits_are_read_and_more_are_handed_back(digits: int, line_end: str) -> None:
    for number in ("9" * digits, "1" + "0" * (digits - 1), "0" * digits, "0" * (digits - 1) + "7"):
        data = f"a,2024-01-31,{number}{line_end}".encode()
        read = kernel_read(data)
        assert [plays for _song, _day, plays in read.rows] == ([int(number)] if digits <= 18 else [])
        assert_agrees(data, read)


@settings(max_examples=examples(200), deadline=None)
@given(numbers=st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=50))
def test_sums_of_plays_are_exact_past_the_largest_64_bit_number(numbers: list[int]) -> None:
    data = "".join(f"a,2024-01-31,{number}\n" for number in numbers).encode() * 20
    read = kernel_read(data, capacity=2000)
    assert (read.plays, read.calls) == (20 * sum(numbers), 1)


EDGES = [0, 1, 65_535, 65_536, 2**32 - 1, 2**32, 2**63 - 1]


@settings(max_examples=examples(200), deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3), st.integers(0, 9)), min_size=1, max_size=60),
    first_day=st.sampled_from([FIRST_DAY, -1, 0, LAST_DAY - 65_536]),
    last_day=st.sampled_from([0, 5, 65_535, 65_536]),
    plays=st.sampled_from(EDGES),
    pieces=st.integers(1, 4),
)
def test_packed_rows_lie_in_the_order_of_their_buckets_in_the_smallest_form_that_holds_them(
    rows: list[tuple[int, int, int]], first_day: int, last_day: int, plays: int, pieces: int
) -> None:
    songs = np.array([song for song, _day, _plays in rows], np.uint32)
    days = np.array([max(first_day + abs(day), FIRST_DAY) for _song, day, _plays in rows], np.int32)
    counts = np.array([count for _song, _day, count in rows])
    days[0], days[-1], counts[-1] = first_day, first_day + last_day, plays
    bucket = (songs % 3).astype(np.uint16)
    columns = Columns(len(rows))
    for some in np.array_split(np.arange(len(rows)), min(pieces, len(rows))):
        columns.append(songs[some], bucket[some], days[some], counts[some])
    packed = columns.pack(4)
    span = int(days.max() - days.min())
    most = int(counts.max())
    assert packed.format == (0 if most < 1 << 16 and span < 1 << 16 else 1 if most < 1 << 32 else 2)
    assert packed.ends.tolist() == np.cumsum(np.bincount(bucket, minlength=4)).tolist()
    found = np.frombuffer(packed.data, ROW_FORMATS[packed.format])
    order = np.argsort(bucket, kind="stable")
    assert found["song"].tolist() == songs[order].tolist()
    assert (found["day"].astype(np.int64) + packed.first_day).tolist() == days[order].tolist()
    assert found["plays"].tolist() == counts[order].tolist()


def test_rows_that_were_read_are_packed_by_the_buckets_of_their_songs() -> None:
    songs, columns = SongTable((b"b", b"c"), ENOUGH), Columns(100)
    for data in (b"c,2020-01-01,1\na,2020-01-02,2\n", b"\nb,2019-01-01,3\nx,x,x\na,2020-01-03,4\n"):
        columns.read(songs, PLAIN, memoryview(data))
    packed = columns.pack(3)
    found = np.frombuffer(packed.data, ROW_FORMATS[packed.format])
    assert (packed.ends.tolist(), packed.format, packed.first_day) == (
        [2, 3, 4],
        0,
        date(2019, 1, 1).toordinal() - EPOCH,
    )
    assert (found["song"].tolist(), found["plays"].tolist()) == ([1, 1, 2, 0], [2, 4, 3, 1])
    assert (columns.first_day, columns.last_day) == (columns.day.min(), columns.day.max())


def test_columns_that_were_cleared_are_packed_by_their_new_rows_alone() -> None:
    songs, columns = SongTable((), ENOUGH), Columns(10)
    columns.read(songs, PLAIN, memoryview(b"a,0001-01-01,9999999999\na,9999-12-31,1\n"))
    assert columns.pack(1).format == 2
    columns.clear()
    columns.read(songs, PLAIN, memoryview(b"a,2020-01-01,1\na,2020-01-02,1\n"))
    assert (columns.pack(1).format, columns.rows, len(columns.song)) == (0, 2, 2)
