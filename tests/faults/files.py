"""Files of plays with their sums, worked out in plain Python integers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

IN_HEADER = b"Song,Date,Number of Plays\n"
OUT_HEADER = b"Song,Date,Total Number of Plays for Date\n"
SONGS = (
    "Umbrella",
    "In The End",
    "Numb",
    "Señorita",
    "99 Luftballons",
    'The "Best" of You',
    "Me, Myself & I",
    "愛をこめて",
)

DIFFERENT_EVERY = 3  # every third file has a song of its own in each row, and so goes through buckets in scratch
SOME_ROWS = 40_000  # of which a large file repeats


@dataclass(frozen=True, slots=True)
class PlayFile:
    """A file, and what must come of it."""

    name: str
    data: bytes
    rows: int
    plays: int
    totals: bytes  # the rows of all its parts, without headers


def small_files(count: int, seed: int = 1) -> list[PlayFile]:
    """Files of a few hundred rows, each unlike the others; some give several parts."""
    chance = random.Random(seed)
    return [_small_file(number, chance) for number in range(1, count + 1)]


def _small_file(number: int, chance: random.Random) -> PlayFile:
    songs = [*SONGS, f"Song of file {number}"]
    days = [f"2024-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}" for _ in range(chance.randint(20, 1200))]
    if number % DIFFERENT_EVERY == 0:
        rows = [(f"Song {row} of file {number}", day, chance.randrange(10**9)) for row, day in enumerate(days)]
    else:
        rows = [(chance.choice(songs), day, chance.randrange(10**9)) for day in days]
    return play_file(f"plays-{number:03d}.csv", rows)


def large_file(least_bytes: int) -> PlayFile:
    """A file of at least so many bytes, with few totals."""
    rows = [(f"Song {number % 1000:03d}", f"2024-01-{number % 7 + 1:02d}", number % 999) for number in range(SOME_ROWS)]
    lines = b"".join(b"%s,%s,%d\n" % (song.encode(), day.encode(), plays) for song, day, plays in rows)
    times = least_bytes // len(lines) + 1
    return PlayFile(
        name=f"large-{times}.csv",
        data=IN_HEADER + lines * times,
        rows=SOME_ROWS * times,
        plays=sum(plays for _, _, plays in rows) * times,
        totals=_totals(rows, times),
    )


def play_file(name: str, rows: list[tuple[str, str, int]]) -> PlayFile:
    """The file of these rows."""
    lines = "".join(f"{_quoted(song)},{day},{plays}\n" for song, day, plays in rows)
    return PlayFile(
        name=name,
        data=IN_HEADER + lines.encode(),
        rows=len(rows),
        plays=sum(plays for _, _, plays in rows),
        totals=_totals(rows),
    )


def _totals(rows: list[tuple[str, str, int]], times: int = 1) -> bytes:
    sums: Counter[tuple[bytes, str]] = Counter()
    for song, day, plays in rows:
        sums[song.encode(), day] += plays * times
    return b"".join(
        b"%s,%s,%d\n" % (_quoted(song.decode()).encode(), day.encode(), plays)
        for (song, day), plays in sorted(sums.items())
    )


def joined(parts: Iterable[bytes]) -> bytes | None:
    """The rows of parts one behind another, without their headers; None where a header is missing or an end torn."""
    rows = b""
    for part in parts:
        if not part.startswith(OUT_HEADER) or not part.endswith(b"\n"):
            return None
        rows += part.removeprefix(OUT_HEADER)
    return rows


def _quoted(song: str) -> str:
    return '"' + song.replace('"', '""') + '"' if '"' in song or "," in song else song
