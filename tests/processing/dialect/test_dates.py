"""The styles of dates: what each takes, and that a text which two styles take is one that only the file decides."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.option_words import DateStyle
from processing.date_styles import EXAMPLES, OTHER_ORDER
from processing.dialect.dates import EPOCH, MONTH_WORDS, day_of, has_form, styles_of

_S = DateStyle
WRITTEN = {
    _S.ISO: "{y:04d}-{m:02d}-{d:02d}",
    _S.ISO_SLASHES: "{y:04d}/{m}/{d}",
    _S.ISO_DOTS: "{y:04d}.{m:02d}.{d:02d}",
    _S.COMPACT: "{y:04d}{m:02d}{d:02d}",
    _S.DAY_FIRST: "{d}/{m}/{y:04d}",
    _S.MONTH_FIRST: "{m:02d}/{d:02d}/{y:04d}",
    _S.DAY_FIRST_DOTS: "{d:02d}.{m:02d}.{y:04d}",
    _S.MONTH_FIRST_DOTS: "{m}.{d}.{y:04d}",
    _S.DAY_FIRST_DASHES: "{d:02d}-{m:02d}-{y:04d}",
    _S.MONTH_FIRST_DASHES: "{m:02d}-{d:02d}-{y:04d}",
}


@given(style=st.sampled_from(list(WRITTEN)), day=st.dates())
def test_a_day_that_is_written_in_a_style_is_read_by_it(style: DateStyle, day: date) -> None:
    text = WRITTEN[style].format(y=day.year, m=day.month, d=day.day)
    assert day_of(text, style) == day.toordinal() - EPOCH


@given(style=st.sampled_from(list(WRITTEN)), day=st.dates())
@example(style=_S.DAY_FIRST, day=date(2024, 4, 3))
def test_two_styles_take_a_text_only_where_they_are_each_others_other_order(style: DateStyle, day: date) -> None:
    text = WRITTEN[style].format(y=day.year, m=day.month, d=day.day)
    assert set(styles_of(text)) <= {style, OTHER_ORDER.get(style)}


def test_each_style_reads_its_example_as_31_march_2024() -> None:
    assert {day_of(text, style) for style, text in EXAMPLES.items()} == {date(2024, 3, 31).toordinal() - EPOCH}
    assert set(EXAMPLES) == set(DateStyle)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-31T10:15:00Z", (2024, 3, 31)),
        ("2024-03-31 23:59:59.999999+02:00", (2024, 3, 31)),
        ("2024-03-31T10:15", (2024, 3, 31)),
        (" 2024-03-31\t", (2024, 3, 31)),
        ("31 March 2024", (2024, 3, 31)),
        ("March 31, 2024", (2024, 3, 31)),
        ("Mar 31, 2024", (2024, 3, 31)),
        ("31-Mar-2024", (2024, 3, 31)),
        ("31. März 2024", (2024, 3, 31)),
        ("1 août 2024", (2024, 8, 1)),
        ("31 déc. 2024", (2024, 12, 31)),
        ("5 de mayo de 2024", (2024, 5, 5)),
        ("9 ottobre 2024", (2024, 10, 9)),
        ("31.03.2024 10:15", (2024, 3, 31)),
        ("12/31/2024 1:05 PM", (2024, 12, 31)),
    ],
)
def test_times_are_cut_off_and_month_names_are_read(text: str, day: tuple[int, int, int]) -> None:
    assert [day_of(text, style) for style in styles_of(text)] == [date(*day).toordinal() - EPOCH]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "45382",
        "yesterday",
        "2024-02-30",
        "2024-3-1",
        "31/03/24",
        "0000-01-01",
        "2024-13-01",
        "32/01/2024",
        "2024-03-31T25:00",
        "2024-03-31 noon",
        "٢٠٢٤-٠٣-٣١",
        "2024-W13-7",
        "2024-03",
        "20240230",
        "3 Foo 2024",
        "0/1/2024",
    ],
)
def test_what_is_no_day_in_any_style_is_read_by_none(text: str) -> None:
    assert styles_of(text) == ()


def test_a_day_that_does_not_exist_still_has_its_form() -> None:
    assert has_form("31/02/2024", _S.DAY_FIRST)
    assert not has_form("31/02/2024", _S.ISO)


def test_no_word_means_two_months() -> None:
    assert MONTH_WORDS["mar"] == MONTH_WORDS["märz"] == MONTH_WORDS["março"] == 3
    assert MONTH_WORDS["mai"] == MONTH_WORDS["may"] == 5
    assert set(MONTH_WORDS.values()) == set(range(1, 13))
    assert "jui" not in MONTH_WORDS  # juin or juillet
