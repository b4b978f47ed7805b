"""Demo files: made-up plays, written at the speed of the disk and reproducible by their seed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.columns import INPUT_COLUMNS

FIRST_DAY = "2000-01-01"
_CHUNK_ROWS = 500_000
_PLAYS = pa.array([f"{plays}\n" for plays in range(1, 1000)], pa.string())

# The words of song names, as sentences: lists with one word per line would hide the code.
_FIRST = (
    "Midnight Golden Silver Broken Electric Velvet Paper Neon Lonely Crystal Summer Winter "
    "Hidden Burning Quiet Wild Falling Distant Honey Amber Scarlet Hollow Endless Little"
)
_SECOND = (
    "River Heart Umbrella Mountain Dancer Highway Garden Letter Mirror Shadow Ocean Thunder "
    "Diamond Sparrow Castle Stranger Sunrise Lantern Harbour Echo Satellite Carousel Avenue Feather"
)


def write_demo_file(path: Path, total_bytes: int, songs: int, days: int, seed: int) -> None:
    """Write a CSV of at most ``total_bytes``, short of them by less than one row.

    ``songs`` different songs on ``days`` days from FIRST_DAY on are drawn uniformly, so a file has about
    min(rows, songs * days) distinct (song, day) pairs. The same arguments give the same bytes.
    """
    write_rows(path, song_names(songs), days, seed, most_bytes=total_bytes)


def write_rows(
    path: Path, names: pa.Array, days: int, seed: int, *, most_bytes: int = sys.maxsize, most_rows: int = sys.maxsize
) -> None:
    """Write rows of these songs (given as CSV fields) until one more would exceed ``most_bytes`` or ``most_rows``."""
    draw = np.random.default_rng(seed)
    dates = pa.array(np.datetime64(FIRST_DAY) + np.arange(days), pa.date32()).cast(pa.string())
    with path.open("wb") as file:
        left = most_bytes - file.write((",".join(INPUT_COLUMNS) + "\n").encode())
        while left > 0 and most_rows > 0:
            text = _rows(draw, names, dates, min(most_rows, _CHUNK_ROWS))
            most_rows -= _CHUNK_ROWS
            if len(text) > left:
                file.write(text[: text.rfind(b"\n", 0, left) + 1])
                return
            left -= file.write(text)


def song_names(songs: int) -> pa.Array:
    """Return names like "Midnight River 7" as CSV fields, some with a comma, a quote or non-ASCII letters."""
    pairs = [f"{first} {second}" for first in _FIRST.split() for second in _SECOND.split()]
    specials = ['"Crazy, in Love"', '"The ""Real"" One"', "Für Elise", "夜に駆ける", "Señorita"]
    plain = [f"{pairs[n % len(pairs)]} {n // len(pairs)}" for n in range(songs - len(specials))]
    return pa.array((specials + plain)[:songs] if songs > 100 else pairs[:songs], pa.string())


def _rows(draw: np.random.Generator, names: pa.Array, dates: pa.Array, rows: int) -> bytes:
    song = names.take(pa.array(draw.integers(0, len(names), rows, dtype=np.int32)))
    date = dates.take(pa.array(draw.integers(0, len(dates), rows, dtype=np.int32)))
    plays = _PLAYS.take(pa.array(draw.integers(0, len(_PLAYS), rows, dtype=np.int32)))
    text: pa.Buffer = pc.binary_join_element_wise(song, date, plays, ",").buffers()[2]
    return bytes(memoryview(text))
