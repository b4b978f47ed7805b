"""Numbers, sizes and times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from store.database import now
from webapp import formatting
from webapp.sizes import parse_size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (9_949_999, "9.9 MB"),
        (9_950_000, "10 MB"),
        (412_300_000, "412 MB"),
        (999_600_000, "1.0 GB"),
        (1_312_000_000, "1.3 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_have_two_or_three_digits(count: int, text: str) -> None:
    assert formatting.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 second"),
        (24.4, "24 seconds"),
        (89, "89 seconds"),
        (200, "3 minutes"),
        (3590, "1 hour"),
        (3900, "1 hour 5 minutes"),
        (7260, "2 hours 1 minute"),
    ],
)
def test_spans_have_two_units_at_most(seconds: float, text: str) -> None:
    assert formatting.span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "just now"),
        (50, "1 minute ago"),
        (300, "5 minutes ago"),
        (7000, "2 hours ago"),
        (3600, "1 hour ago"),
        (90_000, "1 day ago"),
    ],
)
def test_the_past_is_told_without_a_time_zone(seconds: int, text: str) -> None:
    assert formatting.ago(now() - timedelta(seconds=seconds)) == text


def test_a_day_of_another_year_names_the_year() -> None:
    this_year = now().replace(month=12, day=23)
    assert formatting.day(this_year) == "23 December"
    assert formatting.day(datetime(2001, 2, 3, tzinfo=this_year.tzinfo)) == "3 February 2001"
    assert formatting.day_and_year(this_year) == f"23 December {this_year.year}"


def test_speeds_are_rounded() -> None:
    assert formatting.rate(3_123_456) == "3.1 million a second"
    assert formatting.rate(312_345) == "310,000 a second"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (3, 2000, "0.15%"),
        (1, 8, "12.5%"),
        (1, 2, "50%"),
        (7, 7, "100%"),
        (99_999, 100_000, "99.99%"),
        (1, 30_000_000, "less than 0.01%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(part: int, whole: int, text: str) -> None:
    assert formatting.share(part, whole) == text


def test_totals_of_any_size_are_grouped_and_other_text_stays() -> None:
    assert formatting.plays(str(2**70)) == f"{2**70:,}"
    assert [formatting.plays(text) for text in ("12.5", "", "²", "9" * 200)] == ["12.5", "", "²", "9" * 200]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1GB", 10**9),
        ("1GiB", 2**30),
        ("500mb", 5 * 10**8),
        ("1.5 kB", 1500),
        ("1500", 1500),
        ("7B", 7),
        ("2TiB", 2**41),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "GB", "1XB", "-1GB", "1e9", "1 GB GB", "٣GB"])
def test_what_is_no_size_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (1200, "1,200 rows")])
def test_things_are_counted_in_singular_and_plural(number: int, text: str) -> None:
    assert formatting.counted(number, "row") == text
