"""Demo files: repeatable, of the size that was asked for, and clean."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from processing.demo import FIRST_DAY, write_demo_file
from processing.options import Options
from processing.pipeline import process_csv

SIZE = 300_000


def written(path: Path, total_bytes: int = SIZE, songs: int = 150, days: int = 20, seed: int = 1) -> bytes:
    write_demo_file(path, total_bytes, songs, days, seed)
    return path.read_bytes()


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first = written(tmp_path / "first.csv")
    assert written(tmp_path / "again.csv") == first
    assert written(tmp_path / "other.csv", seed=2) != first


@pytest.mark.parametrize("wish", [100, 1000, 54_321, 30_000_000])  # the last takes several chunks
def test_the_size_is_the_wish_less_than_a_row_short(tmp_path: Path, wish: int) -> None:
    data = written(tmp_path / "demo.csv", wish)
    longest = max(len(line) for line in data[:SIZE].splitlines(keepends=True))
    assert 0 <= wish - len(data) < longest
    assert data.startswith(b"Song,Date,Number of Plays\n")
    assert data.endswith(b"\n")


@pytest.mark.parametrize(("songs", "days"), [(1, 1), (40, 3), (100, 1), (101, 20), (700, 2)])
def test_every_row_is_clean_and_all_songs_and_days_occur(tmp_path: Path, songs: int, days: int) -> None:
    source = tmp_path / "demo.csv"
    written(source, songs=songs, days=days)
    rows = rows_of(source)
    assert len({song for song, _day, _plays in rows}) == songs
    assert len({day for _song, day, _plays in rows}) == days
    assert min(day for _song, day, _plays in rows) == FIRST_DAY
    outcome = process_csv(source, tmp_path / "out", Options())  # stops at a bad row
    assert (outcome.rows_read, outcome.bad_rows) == (len(rows), 0)
    assert outcome.plays == sum(int(plays) for _song, _day, plays in rows)


def test_a_file_of_many_songs_has_some_that_need_quotes_or_more_than_ascii(tmp_path: Path) -> None:
    source = tmp_path / "demo.csv"
    written(source)
    assert {"Crazy, in Love", 'The "Real" One', "Für Elise", "夜に駆ける"} <= {row[0] for row in rows_of(source)}
