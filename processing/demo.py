"""Demo files: made-up plays, the same for the same seed, as fast as a disk takes them."""

from __future__ import annotations

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
    draw = np.random.default_rng(seed)
    names = _song_names(songs)
    dates = pa.array(np.datetime64(FIRST_DAY) + np.arange(days), pa.date32()).cast(pa.string())
    with path.open("wb") as file:
        left = total_bytes - file.write((",".join(INPUT_COLUMNS) + "\n").encode())
        while left > 0:
            text = _rows(draw, names, dates)
            if len(text) > left:
                file.write(text[: text.rfind(b"\n", 0, left) + 1])
                return
            left -= file.write(text)


def _song_names(songs: int) -> pa.Array:
    """Names like "Midnight River 7", some with a comma, a quote or letters beyond ASCII."""
    pairs = [f"{first} {second}" for first in _FIRST.split() for second in _SECOND.split()]
    specials = ['"Crazy, in Love"', '"The ""Real"" One"', "Für Elise", "夜に駆ける", "Señorita"]
    plain = [f"{pairs[n % len(pairs)]} {n // len(pairs)}" for n in range(songs - len(specials))]
    return pa.array((specials + plain)[:songs] if songs > 100 else pairs[:songs], pa.string())


def _rows(draw: np.random.Generator, names: pa.Array, dates: pa.Array) -> bytes:
    song = names.take(pa.array(draw.integers(0, len(names), _CHUNK_ROWS, dtype=np.int32)))
    date = dates.take(pa.array(draw.integers(0, len(dates), _CHUNK_ROWS, dtype=np.int32)))
    plays = _PLAYS.take(pa.array(draw.integers(0, len(_PLAYS), _CHUNK_ROWS, dtype=np.int32)))
    text: pa.Buffer = pc.binary_join_element_wise(song, date, plays, ",").buffers()[2]
    return bytes(memoryview(text))
