"""How a file writes its numbers of plays: whole numbers, perhaps with marks between the thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from processing.columns import BLANKS

MAX_PLAYS = (1 << 63) - 1

# The mark between thousands -> what stands for it in files.
_FORMS = {",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \u00a0\u2009\u202f]"}
# What may be written between the thousands, and the mark before decimals that goes with it.
_DECIMAL_MARKS = {"": "[.,]", ",": r"\.", ".": ",", "'": "[.,]", " ": "[.,]"}

_MANY_DIGITS = re.compile(r"[+-]?[0-9]{4,}(?:[.,][0-9]+)?")


class TooLargeError(ValueError):
    """A whole number that does not fit into 64 bits."""


@cache
def _form(thousands: str) -> re.Pattern[str]:
    mark = _DECIMAL_MARKS[thousands]
    if not thousands:  # 1.000 may be one or a thousand
        return re.compile(rf"([+-]?)([0-9]+)(?:{mark}(?:0{{1,2}}|0{{4,}}))?")
    grouped = rf"[0-9]{{1,3}}(?:{_FORMS[thousands]}[0-9]{{3}})+"
    return re.compile(rf"([+-]?)({grouped}|[0-9]+)(?:{mark}0+)?")


def whole_number(text: str, thousands: str = "") -> int | None:
    """The number that a text stands for; None where it is no whole one, or in doubt.

    Raises:
        TooLargeError: it is beyond MAX_PLAYS, up or down.
    """
    found = _form(thousands).fullmatch(text.strip(BLANKS))
    if found is None:
        return None
    # Cut before converting: Python refuses to convert thousands of digits.
    digits = re.sub("[^0-9]", "", found[2]).lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > MAX_PLAYS:
        raise TooLargeError
    return -int(digits) if found[1] == "-" else int(digits)


def find_thousands(texts: Iterable[str], delimiter: str) -> str:
    """The mark between thousands that numbers of a file show without a contradiction; empty where there is none.

    All numbers of a thousand and more must have it. A point, and a comma among semicolons, could as well stand before
    decimals: it needs a number that shows the opposite.
    """
    found, proved = set(), False
    for text in (text.strip(BLANKS) for text in texts):
        syntax = [mark for mark in _FORMS if mark and _grouped(mark).fullmatch(text)]
        if not syntax:
            if _MANY_DIGITS.fullmatch(text):
                return ""
            continue
        found.add(syntax[0])
        proved = proved or _proof(syntax[0]).fullmatch(text) is not None
    if len(found) != 1:
        return ""
    mark = found.pop()
    in_doubt = mark == "." or (mark == "," and delimiter == ";")
    return mark if proved or not in_doubt else ""


def is_grouped(text: str, mark: str) -> bool:
    """Whether a text is a number with this mark between its thousands."""
    return _grouped(mark).fullmatch(text.strip(BLANKS)) is not None


@cache
def _grouped(mark: str) -> re.Pattern[str]:
    return re.compile(rf"[+-]?[0-9]{{1,3}}(?:{_FORMS[mark]}[0-9]{{3}})+(?:{_DECIMAL_MARKS[mark]}[0-9]+)?")


@cache
def _proof(mark: str) -> re.Pattern[str]:
    """Two marks in a number, or the other one before its decimals."""
    group, decimals = rf"{_FORMS[mark]}[0-9]{{3}}", rf"{_DECIMAL_MARKS[mark]}[0-9]+"
    return re.compile(rf"[+-]?[0-9]{{1,3}}(?:(?:{group}){{2,}}(?:{decimals})?|{group}{decimals})")
