"""Totals: the grid, the runs and the exact way add up alike."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.reading.arrow_reader import ROWS
from processing.totalling import aggregate
from processing.totalling.aggregate import total

TABLE = st.lists(
    st.tuples(st.sampled_from(["b", "a", "Ä", "🎵", "a "]), st.integers(-3, 5), st.integers(0, 2**40)), min_size=1
)


def rows(table: list[tuple[str, int, int]]) -> pa.Table:
    return pa.table([pa.array(column) for column in zip(*table, strict=True)], names=ROWS.names).cast(ROWS)


def listed(found: aggregate.Totals) -> list[tuple[str, int, int]]:
    songs = found.names.take(pa.array(found.song)).to_pylist()
    return list(zip(songs, found.day.tolist(), map(int, found.plays.to_pylist()), strict=True))


WAYS = {  # up to how many cells a row each of the first two is taken
    "vaex": {"DENSE_CELLS_PER_ROW": 1000, "CELLS_PER_ROW": 1000, "LEAST_VAEX_ROWS": 0},
    "cells": {"DENSE_CELLS_PER_ROW": 0, "CELLS_PER_ROW": 1000},
    "runs": {"DENSE_CELLS_PER_ROW": 0, "CELLS_PER_ROW": 0},
}


@settings(deadline=None)
@pytest.mark.parametrize("way", WAYS)
@given(table=TABLE)
def test_sums_are_those_of_a_counter_in_the_order_of_song_and_day(way: str, table: list[tuple[str, int, int]]) -> None:
    expected: Counter[tuple[str, int]] = Counter()
    for song, day, plays in table:
        expected[song, day] += plays
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WAYS[way].items():
            patch.setattr(aggregate, name, value)
        found = listed(total(rows(table)))
    assert found == sorted((song, day, plays) for (song, day), plays in expected.items())


def test_a_sum_past_the_largest_64_bit_number_is_given_as_text() -> None:
    found = total(rows([("a", 1, 2**63 - 1), ("a", 1, 2**63 - 1), ("a", 2, 5)]))
    assert found.plays.to_pylist() == [str(2**64 - 2), "5"]


def test_a_song_whose_plays_add_up_to_nothing_is_still_there() -> None:
    assert listed(total(rows([("a", 1, 0), ("b", 1, 5)]))) == [("a", 1, 0), ("b", 1, 5)]
