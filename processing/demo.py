"""Demo files: made-up plays, the same for the same seed, as fast as a disk takes them."""

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

# Words to make names of, as sentences: lists of one word a line would hide the code.
_FIRST = (
    "Midnight Golden Silver Broken Electric Velvet Paper Neon Lonely Crystal Summer Winter "
    "Hidden Burning Quiet Wild Falling Distant Honey Amber Scarlet Hollow Endless Little"
)
_SECOND = (
    "River Heart Umbrella Mountain Dancer Highway Garden Letter Mirror Shadow Ocean Thunder "
    "Diamond Sparrow Castle Stranger Sunrise Lantern Harbour Echo Satellite Carousel Avenue Feather"
)


def write_demo_file(path: Path, total_bytes: int, songs: int, days: int, seed: int) -> None:
    """Write a CSV of at most ``total_bytes``, less by no more than a row.

    ``songs`` different songs on ``days`` days from FIRST_DAY on are drawn evenly, so a file has about
    min(rows, songs * days) different keys. The same arguments give the same bytes.
    """
    write_rows(path, song_names(songs), days, seed, most_bytes=total_bytes)


def write_rows(
    path: Path, names: pa.Array, days: int, seed: int, *, most_bytes: int = sys.maxsize, most_rows: int = sys.maxsize
) -> None:
    """Write rows of these songs (as CSV fields) until one more would pass the most bytes or rows."""
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
    """Names like "Midnight River 7", some with a comma, a quote or letters beyond ASCII, as CSV fields."""
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
