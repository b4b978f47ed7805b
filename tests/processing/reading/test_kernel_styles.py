"""The kernel in files of other forms: it reads what the rules read, and hands back little of what they take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.option_words import DateStyle
from processing.dialect.syntax import BACKSLASH, Syntax
from processing.reading.kernel_ffi import can_read
from tests.examples import examples
from tests.processing.referee import assert_agrees, dialect_of, judge, kernel_read

STYLES = [style for style in DateStyle if style is not DateStyle.NAMED]
DAYS = ["2024-03-31", "2024-03-31T10:15", "2024-03-31 10:15:59.5Z", "2024-03-31T10:15:00+02:00", "2024-03-31T1:15"]
DAYS += ["2024/3/1", "2024.12.31", "20240331", "20240230", "31/3/2024", "3/31/2024", "31.12.2024", "31.12.2024 9:05"]
DAYS += ["31.12.2024 24:00", "12-31-2024", "31-12-2024 23:59:59", "0/1/2024", "1/0/2024", "29/2/2023", "29/02/2024"]
DAYS += ["", "1/1/24", "1/1/02024", "1//2024", "31.12/2024", "2024-03-31T", "2024-03-31T10:60", "2024-03-31T10:15,25 Z"]
DAYS += ["1/1/0000", "1/1/0001", "31/12/9999", "31 March 2024", " 31/12/2024\t", "31.12.2024 9:05 PM", "2024-3-31"]
PLAYS = ["5", "1,234", "1.234", "1 234", "1'234", "1\u00a0234", "1\u202f234", "1\u2019234", "1,234,567", "1.234.567,0"]
PLAYS += ["12,34", "1234,567", "1.0", "1.00", "1.000", "1,0", "1,000", "0.0000", "1.", ".0", "1.5", "1 23", "1  234"]
PLAYS += ["9" * 18, "9" * 19, "9" * 18 + ".0", "0" * 18 + "7", "999,999,999,999,999,999", "9,999,999,999,999,999,999.0"]
PLAYS += ["+1.0", "-0.0", "-1,000", "999 999 999 999 999 999", "9,999,999,999,999,999,999", "1 234.0", "1'234,00"]
SONGS = ["Umbrella", "In The End", '"a, b"', "'a, b'", "Don't", "'74", '"', " lead", "\tlead", "a  b", "é"]
DELIMITERS = [",", ";", "\t", "|"]
FORMS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(DELIMITERS),
        "quotechar": st.sampled_from(['"', "'", ""]),
        "skipinitialspace": st.booleans(),
        "dates": st.sampled_from(STYLES),
        "thousands": st.sampled_from(["", ",", ".", "'", " "]),
    }
)
FIELDS = st.tuples(st.sampled_from(SONGS), st.sampled_from(DAYS), st.sampled_from(PLAYS))
BETWEEN = st.tuples(st.sampled_from(["", " ", "  "]), st.sampled_from(["\n", "\r\n", "\r", ""]))


@settings(max_examples=examples(600), deadline=None)
@given(form=FORMS, lines=st.lists(st.tuples(FIELDS, BETWEEN, st.booleans()), min_size=1, max_size=12))
def test_a_table_in_any_form_is_read_as_the_referee_reads_it(
    form: dict[str, object], lines: list[tuple[tuple[str, str, str], tuple[str, str], bool]]
) -> None:
    text = ""
    for fields, (blanks, end), quoted in lines:
        mark = str(form["quotechar"])
        shown = [f"{mark}{field}{mark}" if quoted else field for field in fields]
        text += (str(form["delimiter"]) + blanks).join(shown) + end
    dialect, data = dialect_of(**form), text.encode()
    assert_agrees(data, kernel_read(data, dialect), dialect)


@given(
    lines=st.lists(
        st.tuples(FIELDS, st.lists(st.sampled_from(["", '""', " ", "x"]), max_size=3)), min_size=1, max_size=12
    )
)
def test_fields_behind_the_named_ones_must_be_empty(lines: list[tuple[tuple[str, str, str], list[str]]]) -> None:
    data = "".join(";".join([*fields, *more]) + "\n" for fields, more in lines).encode()
    dialect = dialect_of(delimiter=";", fields=5, named=3)
    assert_agrees(data, kernel_read(data, dialect), dialect)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("thousands", ["", ",", ".", "'", " "])
def test_usual_rows_of_each_style_are_not_handed_back(style: DateStyle, thousands: str) -> None:
    forms = {"YYYY": "%Y", "MM": "%m", "DD": "%d"}
    form = str(style)
    for word, code in forms.items():
        form = form.replace(word, code)
    numbers = [f"{number:,}".replace(",", thousands) for number in (0, 7, 1234, 98_765_432)]
    text = "".join(f"Song;{date(2024, month, 28):{form}};{number}\n" for month in range(1, 13) for number in numbers)
    dialect = dialect_of(delimiter=";", dates=style, thousands=thousands)
    read = kernel_read(text.encode(), dialect)
    assert (len(read.rows), read.odd) == (48, [])
    assert read.rows == [record.row for record in judge(text.encode(), dialect)]


def test_times_and_decimals_that_are_zero_are_not_handed_back_either() -> None:
    data = b"A,2024-03-31T10:15:00Z,1.0\nB,2024-03-31 10:15:00.123+01:00,20.00\n"
    assert kernel_read(data, dialect_of()).odd == []


def test_the_kernel_leaves_what_it_does_not_know_to_the_other_way() -> None:
    plain = dialect_of()
    assert can_read(plain)
    others = (
        replace(plain, dates=DateStyle.NAMED),
        replace(plain, corrections=True),
        replace(plain, syntax=Syntax(escapechar=BACKSLASH)),
    )
    assert not any(map(can_read, others))
