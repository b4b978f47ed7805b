"""The grid: running totals while songs are few, and nothing lost when it gives up."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.options import Options
from processing.pipeline import process_csv
from processing.totalling import plan, running_totals
from processing.totalling.running_totals import CELL_BYTES, Grid
from tests.examples import examples
from tests.processing.oracle import parts_of, sorted_sums, sums_of, written
from tests.processing.ways import BOTH_WAYS, IN_MEMORY

Table = list[tuple[str, int, int]]
BLOCKS = st.lists(
    st.lists(st.tuples(st.sampled_from(["a", "b", "Ä", "🎵"]), st.integers(-40, 40), st.integers(0, 99)), min_size=1),
    min_size=1,
    max_size=6,
)


class Filled:
    """A grid and the numbers of its songs, which are given as they come up."""

    def __init__(self, max_bytes: int) -> None:
        self.grid = Grid(max_bytes)
        self.names: list[str] = []

    def add(self, table: Table) -> bool:
        song, day, plays = zip(*table, strict=True)
        self.names += dict.fromkeys(name for name in song if name not in self.names)
        columns = [np.array([self.names.index(name) for name in song]), np.array(day, np.int32), np.array(plays)]
        return self.grid.add(*columns, songs=len(self.names), plays_sum=sum(plays))

    def totals(self) -> Table:
        found: Table = []
        for totals in self.grid.totals(pa.array(self.names)):
            rows = totals.to_rows().to_pylist()
            found += [(row["song"], row["day"], row["plays"]) for row in rows]
        return found

    def cells(self) -> Table:
        found: Table = []
        for song, day, plays in self.grid.cells():
            found += zip([self.names[number] for number in song], day.tolist(), plays.tolist(), strict=True)
        return found


@given(blocks=BLOCKS, cells_at_once=st.integers(1, 200))
def test_songs_and_days_that_come_up_later_find_room_and_the_totals_are_those_of_a_counter(
    blocks: list[Table], cells_at_once: int
) -> None:
    expected: Counter[tuple[str, int]] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_totals, "ROWS_PER_SONG", 0)
        patch.setattr(running_totals, "CELLS_AT_ONCE", cells_at_once)
        filled = Filled(1 << 20)
        for table in blocks:
            assert filled.add(table)
            for song, day, plays in table:
                expected[song, day] += plays
        assert filled.totals() == sorted((song, day, plays) for (song, day), plays in expected.items())
        assert sorted(filled.cells()) == filled.totals()
        assert filled.grid.totals_count == len(expected)


@pytest.mark.parametrize(
    "table",
    [
        [(f"song {n}", 0, 1) for n in range(8)],
        [("a", day, 1) for day in (0, 1000) for _ in range(50)],
        [("a", 0, 2**62)] + [("a", 0, 1)] * 50,
    ],
    ids=["too many songs", "too many cells", "past 2^63"],
)
def test_a_block_that_does_not_fit_closes_the_grid_and_leaves_it_as_it_was(table: Table) -> None:
    filled = Filled(500 * CELL_BYTES)
    assert filled.add([("a", 0, 2**62)] * 1 + [("a", 0, 0)] * 15)
    assert not filled.add(table)
    assert not filled.grid.is_open
    assert not filled.add([("a", 0, 1)] * 16)
    assert filled.totals() == filled.cells() == [("a", 0, 2**62)]


def test_a_grid_that_was_cleared_holds_nothing_and_takes_nothing() -> None:
    filled = Filled(1 << 20)
    assert filled.add([("a", 3, 1)] * 16)
    filled.grid.clear()
    assert not filled.add([("a", 3, 1)] * 16)
    assert (filled.totals(), filled.cells(), filled.grid.totals_count) == ([], [], 0)


@BOTH_WAYS
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 12).map("Song {:02d}".format),
            st.dates(date(2019, 12, 28), date(2020, 1, 3)),
            st.integers(0, 5000),
        ),
        min_size=1,
        max_size=80,
    ),
    rows_per_song=st.sampled_from([0, 2, 4]),
    block_bytes=st.integers(20, 700),
    threads=st.integers(1, 3),
)
def test_a_run_that_changes_from_the_grid_to_buckets_at_any_block_gives_the_same_sums(
    use_kernel: bool, rows: list[tuple[str, date, int]], rows_per_song: int, block_bytes: int, threads: int
) -> None:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_totals, "ROWS_PER_SONG", rows_per_song)
        patch.setattr(plan, "_FEW_DIFFERENT", 2)
        source = Path(folder) / "in.csv"
        source.write_bytes(written(rows))
        options = Options(block_bytes=block_bytes, threads=threads, buckets=3, use_kernel=use_kernel)
        process_csv(source, Path(folder) / "out", options)
        assert parts_of(Path(folder) / "out") == sorted_sums(sums_of(rows))
