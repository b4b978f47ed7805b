"""Numbers of plays: whole numbers, possibly with thousands separators."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from processing.columns import BLANKS

MAX_PLAYS = (1 << 63) - 1

# Thousands separator -> pattern of the characters that files use for it.
_SEPARATORS = {",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \u00a0\u2009\u202f]"}
# Thousands separator -> pattern of the decimal mark that goes with it.
_DECIMAL_MARKS = {"": "[.,]", ",": r"\.", ".": ",", "'": "[.,]", " ": "[.,]"}

_MANY_DIGITS = re.compile(r"[+-]?[0-9]{4,}(?:[.,][0-9]+)?")


class TooLargeError(ValueError):
    """A whole number that does not fit into 64 bits."""


@cache
def _number_pattern(thousands: str) -> re.Pattern[str]:
    mark = _DECIMAL_MARKS[thousands]
    if not thousands:  # 1.000 may be one or a thousand
        return re.compile(rf"([+-]?)([0-9]+)(?:{mark}(?:0{{1,2}}|0{{4,}}))?")
    grouped = rf"[0-9]{{1,3}}(?:{_SEPARATORS[thousands]}[0-9]{{3}})+"
    return re.compile(rf"([+-]?)({grouped}|[0-9]+)(?:{mark}0+)?")


def whole_number(text: str, thousands: str = "") -> int | None:
    """Return the number that a text represents; None if it is not whole or not certain.

    Raises:
        TooLargeError: its absolute value exceeds MAX_PLAYS.
    """
    found = _number_pattern(thousands).fullmatch(text.strip(BLANKS))
    if found is None:
        return None
    # Check the length first: Python refuses to convert thousands of digits.
    digits = re.sub("[^0-9]", "", found[2]).lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > MAX_PLAYS:
        raise TooLargeError
    return -int(digits) if found[1] == "-" else int(digits)


def find_thousands(texts: Iterable[str], delimiter: str) -> str:
    """Return the thousands separator that the numbers of a file agree on; empty if there is none.

    All numbers from a thousand up must have it. A point, or a comma in a file delimited by semicolons, could also be a
    decimal mark: it needs a number that proves the opposite.
    """
    found, proved = set(), False
    for text in (text.strip(BLANKS) for text in texts):
        separators = [mark for mark in _SEPARATORS if mark and _grouped(mark).fullmatch(text)]
        if not separators:
            if _MANY_DIGITS.fullmatch(text):
                return ""
            continue
        found.add(separators[0])
        proved = proved or _proof(separators[0]).fullmatch(text) is not None
    if len(found) != 1:
        return ""
    mark = found.pop()
    in_doubt = mark == "." or (mark == "," and delimiter == ";")
    return mark if proved or not in_doubt else ""


def is_grouped(text: str, mark: str) -> bool:
    """Return whether a text is a number with this separator between its thousands."""
    return _grouped(mark).fullmatch(text.strip(BLANKS)) is not None


@cache
def _grouped(mark: str) -> re.Pattern[str]:
    return re.compile(rf"[+-]?[0-9]{{1,3}}(?:{_SEPARATORS[mark]}[0-9]{{3}})+(?:{_DECIMAL_MARKS[mark]}[0-9]+)?")


@cache
def _proof(mark: str) -> re.Pattern[str]:
    """Return the pattern of a number that proves a separator, by two of them or by a decimal mark after it."""
    group, decimals = rf"{_SEPARATORS[mark]}[0-9]{{3}}", rf"{_DECIMAL_MARKS[mark]}[0-9]+"
    return re.compile(rf"[+-]?[0-9]{{1,3}}(?:(?:{group}){{2,}}(?:{decimals})?|{group}{decimals})")
