"""Whole numbers in people's files: what counts as one, and when marks between thousands are believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.dialect.numbers import MAX_PLAYS, TooLargeError, find_thousands, whole_number


@pytest.mark.parametrize(
    ("text", "thousands", "number"),
    [
        ("200", "", 200),
        (" +200\t", "", 200),
        ("007", "", 7),
        ("-0", "", 0),
        ("-5", "", -5),
        ("1.0", "", 1),
        ("1,00", "", 1),
        ("200.0000", "", 200),
        ("1,234", ",", 1234),
        ("1,234,567.00", ",", 1234567),
        ("1.234.567", ".", 1234567),
        ("1.234,0", ".", 1234),
        ("1.000", ".", 1000),
        ("1.000", ",", 1),
        ("12 345", " ", 12345),
        ("12\u00a0345", " ", 12345),
        ("12\u202f345", " ", 12345),
        ("12'345", "'", 12345),
        ("12\u2019345", "'", 12345),
        ("12345", ",", 12345),
        (str(MAX_PLAYS), "", MAX_PLAYS),
        ("0" * 5000 + "7", "", 7),
    ],
)
def test_a_whole_number_is_read(text: str, thousands: str, number: int) -> None:
    assert whole_number(text, thousands) == number


@pytest.mark.parametrize("thousands", ["", ",", ".", "'", " "])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "12.5",
        "N/A",
        "nan",
        "0x10",
        "1_000",
        "1e3",
        "(5)",
        "٣",
        "1,23",
        "1.",
        ".0",
        "1,,234",
        "--5",
        "5-",
        "−5",
        "1234,567",
        "12,34,567",
        "1.0.0",
        "5\x0b",
        "½",
        "1 2",
    ],
)
def test_what_is_no_whole_number_is_read_in_no_form(text: str, thousands: str) -> None:
    assert whole_number(text, thousands) is None


@pytest.mark.parametrize("text", ["1.000", "1,000", "1,234", "1.234", "1 234", "1'234"])
def test_a_number_that_may_be_a_thousand_or_one_is_in_doubt_unless_the_mark_is_known(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.parametrize("text", [str(MAX_PLAYS + 1), "9" * 10_000, "-" + "9" * 30])
def test_a_number_beyond_64_bits_is_too_large(text: str) -> None:
    with pytest.raises(TooLargeError):
        whole_number(text)


@given(number=st.integers(0, MAX_PLAYS), mark=st.sampled_from([",", ".", "'", " "]))
def test_a_grouped_number_is_the_number_without_its_marks(number: int, mark: str) -> None:
    assert whole_number(f"{number:,}".replace(",", mark), mark) == number


@pytest.mark.parametrize(
    ("texts", "delimiter", "mark"),
    [
        (["5", "12"], ",", ""),
        (["1,234", "5"], ",", ","),
        (["1,234", "5000"], ",", ""),  # not consistent
        (["1,234", "1 234"], "\t", ""),
        (["1.234", "5"], ",", ""),  # may be a decimal
        (["1.234", "1.234.567"], ",", "."),
        (["1.234", "12,0"], ";", ""),
        (["1.234,0", "5"], ";", "."),
        (["1,234", "5"], ";", ""),  # a decimal comma goes with semicolons
        (["1,234", "1,234,567"], ";", ","),
        (["1,234.50", "5"], ";", ","),
        (["12 345", "5"], ";", " "),
        (["12\u00a0345"], ";", " "),
        (["1'234"], ";", "'"),
        (["N/A", "1,234"], ",", ","),
        (["1,234", "5000.00"], ",", ""),
    ],
)
def test_marks_between_thousands_are_believed_only_where_all_numbers_agree(
    texts: list[str], delimiter: str, mark: str
) -> None:
    assert find_thousands(texts, delimiter) == mark
