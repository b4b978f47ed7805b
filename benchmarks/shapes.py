"""The input files of the benchmarks: three shapes, reproducible from a seed.

few: 10,000 songs on 365 days, 30 million rows. many: 2 million songs. different: all four-letter songs on 10,300
days, 45.7 million rows, nearly all (song, day) pairs unique.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_uppercase

import pyarrow as pa

from processing.demo import song_names, write_rows

SEED = 20261101
_AT_ONCE = 64 << 20
_BAD_EVERY = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of input file."""

    name: str
    songs: int  # 0: all four-letter words
    days: int
    rows: int

    def names(self) -> pa.Array:
        """Return the distinct songs."""
        return song_names(self.songs) if self.songs else pa.array(map("".join, product(ascii_uppercase, repeat=4)))


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("few", 10_000, 365, 30_000_000),
        Shape("many", 2_000_000, 365, 30_000_000),
        Shape("different", 0, 10_300, 45_700_000),
    )
}


def path_of(folder: Path, shape: Shape, times: int = 1) -> Path:
    """Return the path of the file of a shape, with ``times`` its usual rows; make it on the first call."""
    path = folder / f"{shape.name}-{times}.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        write_rows(unfinished, shape.names(), shape.days, SEED, most_rows=shape.rows * times)
        unfinished.rename(path)
    return path


def with_bad_rows(source: Path) -> Path:
    """Return the path of a copy with 1 % bad rows, of four kinds; make it on the first call."""
    path = source.with_suffix(".bad.csv")
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        with source.open("rb") as file, unfinished.open("wb") as into:
            into.write(file.readline())
            while lines := file.readlines(_AT_ONCE):
                for number in range(_BAD_EVERY // 2, len(lines), _BAD_EVERY):
                    song, day, plays = lines[number].rsplit(b",", 2)
                    kinds = ((song, day, b"N/A\n"), (song, b"2024-02-30", plays), (song, day, b"-5\n"), (song, plays))
                    lines[number] = b",".join(kinds[number // _BAD_EVERY % len(kinds)])
                into.writelines(lines)
        unfinished.rename(path)
    return path


if __name__ == "__main__":
    for each in SHAPES.values():
        made = path_of(Path(sys.argv[1]), each)
        print(f"{made}: {made.stat().st_size:,} bytes")
