"""Columns told apart by their values, whatever their format: dates, numbers and songs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import permutations

from common.option_words import THOUSANDS
from processing.columns import DATE, INPUT_COLUMNS, PLAYS, SONG
from processing.dialect.dates import styles_of
from processing.dialect.numbers import TooLargeError, whole_number

Fields = tuple[bytes, ...]
_MOSTLY = 0.9  # of the rows


@lru_cache(1 << 14)
def is_day(raw: bytes) -> bool:
    """Return whether a field is a date in any style."""
    return len(raw) < 80 and bool(styles_of(raw.decode("utf-8", "replace")))


@lru_cache(1 << 14)
def is_number(raw: bytes) -> bool:
    """Return whether a field is a whole number in any format."""
    text = raw.decode("utf-8", "replace")
    try:
        return len(raw) < 80 and any(whole_number(text, mark) is not None for mark in THOUSANDS.values())
    except TooLargeError:
        return True


def is_row(fields: Fields, places: dict[str, int]) -> bool:
    """Return whether the fields at these places can be a song, a date and a number of plays."""
    if len(fields) <= max(places.values()):
        return False
    return bool(fields[places[SONG]]) and is_day(fields[places[DATE]]) and is_number(fields[places[PLAYS]])


def count_rows(rows: Sequence[Fields], places: dict[str, int], fields: int, named: int) -> int:
    """Count the readable rows that have ``fields`` fields, of which those after the first ``named`` are empty."""
    return sum(len(row) == fields and not any(row[named:]) and is_row(row, places) for row in rows)


def places_by_kind(rows: Sequence[Fields]) -> dict[str, int] | None:
    """Return the places of song, date and plays in rows of equal length; None if they are not certain."""
    filled = [place for place in range(len(rows[0])) if any(row[place] for row in rows)]
    if len(filled) < len(INPUT_COLUMNS):
        return None
    if len(filled) == len(INPUT_COLUMNS):
        return _places_of_three(rows, filled)
    days = [place for place in filled if _mostly(is_day, rows, place)]
    numbers = [place for place in filled if _mostly(is_number, rows, place) and place not in days]
    others = [place for place in filled if place not in days and place not in numbers]
    if len(days) == len(numbers) == len(others) == 1:
        return {SONG: others[0], DATE: days[0], PLAYS: numbers[0]}
    return None


def _places_of_three(rows: Sequence[Fields], filled: Sequence[int]) -> dict[str, int] | None:
    """Return the places that read most rows; of several the usual ones, if all agree on the date."""
    orders = [dict(zip(INPUT_COLUMNS, order, strict=True)) for order in permutations(filled)]
    readable = [count_rows(rows, places, len(rows[0]), len(rows[0])) for places in orders]
    best = [places for places, count in zip(orders, readable, strict=True) if count == max(readable) > 0]
    if len(best) == 1:
        return best[0]
    is_usual = bool(best) and best[0] == orders[0] and all(places[DATE] == best[0][DATE] for places in best)
    return best[0] if is_usual else None


def _mostly(is_kind: Callable[[bytes], bool], rows: Sequence[Fields], place: int) -> bool:
    return sum(is_kind(row[place]) for row in rows) >= _MOSTLY * len(rows)
