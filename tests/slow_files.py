"""A file that keeps a worker busy long enough to be disturbed, small as it is."""

from __future__ import annotations

from pathlib import Path

SONGS, DAYS = 100_000, 8


def write_slow_file(path: Path) -> None:
    """Write 800,000 rows, each a (song, day) pair of its own, 38 MB.

    Plays have so many zeros in front that no fast way takes them: each row is read one by one, which takes seconds.
    """
    with path.open("w") as file:
        file.write("Song,Date,Number of Plays\n")
        for day in range(1, DAYS + 1):
            file.writelines(f"Song {song:06d},2020-01-{day:02d},{song % 999:022d}\n" for song in range(SONGS))
