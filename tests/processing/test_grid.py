"""The grid: running totals while songs are few, and nothing lost when it gives up."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing import grid, plan
from processing.grid import CELL_BYTES, Grid
from processing.options import Options
from processing.pipeline import process_csv
from processing.reading import CODED_ROWS
from tests.processing.oracle import parts_of, sorted_sums, sums_of, written

Table = list[tuple[str, int, int]]
BLOCKS = st.lists(
    st.lists(st.tuples(st.sampled_from(["a", "b", "Ä", "🎵"]), st.integers(-40, 40), st.integers(0, 99)), min_size=1),
    min_size=1,
    max_size=6,
)


def coded(table: Table) -> pa.RecordBatch:
    song, day, plays = zip(*table, strict=True)
    columns = [pa.array(song).dictionary_encode(), pa.array(day, pa.int32()), pa.array(plays, pa.int64())]
    return pa.record_batch(columns, schema=CODED_ROWS)


def add(to: Grid, table: Table) -> bool:
    return to.add(coded(table), sum(plays for _song, _day, plays in table))


def listed(of: Grid) -> Table:
    found: Table = []
    for totals in of.totals():
        rows = totals.to_rows().to_pylist()
        found += [(row["song"], row["day"], row["plays"]) for row in rows]
    return found


@given(blocks=BLOCKS, cells_at_once=st.integers(1, 200))
def test_songs_and_days_that_come_up_later_find_room_and_the_totals_are_those_of_a_counter(
    blocks: list[Table], cells_at_once: int
) -> None:
    expected: Counter[tuple[str, int]] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "ROWS_PER_SONG", 0)
        patch.setattr(grid, "CELLS_AT_ONCE", cells_at_once)
        totals = Grid(1 << 20)
        for table in blocks:
            assert add(totals, table)
            for song, day, plays in table:
                expected[song, day] += plays
        assert listed(totals) == sorted((song, day, plays) for (song, day), plays in expected.items())
        assert totals.totals_count == len(expected)


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
    totals = Grid(500 * CELL_BYTES)
    assert add(totals, [("a", 0, 2**62)] * 1 + [("a", 0, 0)] * 15)
    assert not add(totals, table)
    assert not totals.is_open
    assert not add(totals, [("a", 0, 1)] * 16)
    assert listed(totals) == [("a", 0, 2**62)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
    rows: list[tuple[str, date, int]], rows_per_song: int, block_bytes: int, threads: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "ROWS_PER_SONG", rows_per_song)
        patch.setattr(plan, "_FEW_DIFFERENT", 2)
        source = Path(folder) / "in.csv"
        source.write_bytes(written(rows))
        process_csv(source, Path(folder) / "out", Options(block_bytes=block_bytes, threads=threads, buckets=3))
        assert parts_of(Path(folder) / "out") == sorted_sums(sums_of(rows))
