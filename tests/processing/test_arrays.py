"""Columns between numpy and Arrow: the same values on both sides, without a copy."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.arrays import text_scalar, texts_to_arrow, to_arrow, to_numpy

TYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("dtype", TYPES)
def test_numbers_go_to_arrow_and_back_with_their_type_and_in_the_same_memory(dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = np.array([limits.min, 0, 1, limits.max], dtype)
    column = to_arrow(values)
    assert (column.to_pylist(), column.type) == (values.tolist(), getattr(pa, dtype)())
    back = to_numpy(column)
    assert (back.tolist(), back.dtype) == (values.tolist(), values.dtype)
    assert np.shares_memory(back, values)


def test_every_second_number_goes_to_arrow_without_those_between() -> None:
    assert to_arrow(np.arange(10)[::2]).to_pylist() == [0, 2, 4, 6, 8]
    assert to_arrow(np.arange(6).reshape(2, 3)[:, 1]).to_pylist() == [1, 4]


@pytest.mark.parametrize("type_", [pa.int32(), pa.int64(), pa.uint16()])
def test_a_slice_gives_its_own_numbers_only(type_: pa.DataType) -> None:
    column = pa.array(range(10), type_)
    assert to_numpy(column.slice(3, 4)).tolist() == [3, 4, 5, 6]
    assert to_numpy(column.slice(10)).tolist() == []
    assert to_numpy(pa.array([], type_)).tolist() == []
    assert to_arrow(np.array([], np.int64)).to_pylist() == []


def test_dates_come_as_days_since_1970() -> None:
    days = pa.array([datetime.date(1970, 1, 2), datetime.date(1, 1, 1)])
    assert to_numpy(days).tolist() == [1, -719_162]


def test_a_missing_number_is_never_taken_for_one() -> None:
    with pytest.raises(AssertionError):
        to_numpy(pa.array([1, None]))


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_texts_come_to_arrow_as_they_are(texts: list[bytes]) -> None:
    column = texts_to_arrow(texts)
    column.validate(full=True)
    assert (column.to_pylist(), column.type) == (texts, pa.binary())


@pytest.mark.parametrize("text", ["", "a", "夜に駆ける", "\0"])
def test_one_text_stands_beside_arrays_as_a_string(text: str) -> None:
    assert (text_scalar(text).as_py(), text_scalar(text).type) == (text, pa.string())
