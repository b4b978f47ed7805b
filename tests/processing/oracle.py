"""What the totals must be, by plain Python: a dictionary and integers without bounds."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path

Row = tuple[str, date, int]
Sums = dict[tuple[str, str], int]


def sums_of(rows: Iterable[Row]) -> Sums:
    """Plays for each (song, ISO date)."""
    sums: Sums = {}
    for song, day, plays in rows:
        key = (song, day.isoformat())
        sums[key] = sums.get(key, 0) + plays
    return sums


def written(rows: Iterable[Row], *, line_end: str = "\n", quote_all: bool = False, header: bool = True) -> bytes:
    """The rows as a CSV file."""
    lines = ["Song,Date,Number of Plays"] if header else []
    for song, day, plays in rows:
        fields = (song, day.isoformat(), str(plays))
        lines.append(",".join(_quoted(field) if quote_all or set(field) & set('",\r\n') else field for field in fields))
    return "".join(line + line_end for line in lines).encode()


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def parts_of(output: Path) -> list[tuple[str, str, int]]:
    """The rows of all parts in order, each part's header checked on the way."""
    rows = []
    for path in sorted(output.glob("part-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            assert next(reader) == ["Song", "Date", "Total Number of Plays for Date"]
            rows += [(song, day, int(plays)) for song, day, plays in reader]
    return rows


def sorted_sums(sums: Sums) -> list[tuple[str, str, int]]:
    """The sums in the order of the parts: by code points of the song, then by date."""
    return sorted((song, day, plays) for (song, day), plays in sums.items())
