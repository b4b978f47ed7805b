"""One row, by the book: what a song, a day and a number of plays may look like.

The fast path in reading.py accepts exactly what these functions accept; the tests hold the two together.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from processing.columns import DATE, PLAYS, SONG

EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY = date.min.toordinal() - EPOCH  # 0001-01-01
LAST_DAY = date.max.toordinal() - EPOCH  # 9999-12-31
MAX_PLAYS = (1 << 63) - 1
BLANKS = " \t"
LONGEST_SHOWN = 80  # characters of a bad value that people see

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WHOLE = re.compile(r"\+?[0-9]+|-0+", re.ASCII)
_NEGATIVE = re.compile(r"-[0-9]+", re.ASCII)


class BadValueError(ValueError):
    """A value that cannot be read; ``reason`` completes "Line 17 ..."."""

    def __init__(self, column: str, value: str, expected: str, found: str | None = None) -> None:
        shown = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "..."
        if found is None:
            found = f'says "{shown}"' if value.strip() else "is empty"
        super().__init__(f"should have {expected}, but {found}")
        self.column = column
        self.value = shown
        self.reason = str(self)


def read_row(fields: tuple[bytes, ...], places: dict[str, int]) -> tuple[str, int, int]:
    """Song, day (days since 1970-01-01) and plays of a record's fields; raises BadValueError."""
    found = judge_row(fields, places)
    if isinstance(found, BadValueError):
        raise found.with_traceback(None)
    return found


def judge_row(fields: tuple[bytes, ...], places: dict[str, int]) -> tuple[str, int, int] | BadValueError:
    """The same with the error given back, not raised: bad rows can come in millions, with the same few values."""
    try:
        song = read_song(fields[places[SONG]])
    except BadValueError as error:
        return error
    day = _judged(DATE, fields[places[DATE]])
    if isinstance(day, BadValueError):
        return day
    plays = _judged(PLAYS, fields[places[PLAYS]])
    return plays if isinstance(plays, BadValueError) else (song, day, plays)


def read_song(raw: bytes) -> str:
    """The song as it stands, blanks included; raises BadValueError where it is empty or not UTF-8."""
    song = _text(raw, SONG)
    if not song:
        raise BadValueError(SONG, "", "a song")
    return song


def read_day(text: str) -> int:
    """Days since 1970-01-01 of a date written like 2024-03-31; raises BadValueError."""
    stripped = text.strip(BLANKS)
    if not _DAY.fullmatch(stripped):
        raise BadValueError(DATE, text, "a date like 2024-03-31")
    try:
        return date.fromisoformat(stripped).toordinal() - EPOCH
    except ValueError:
        raise BadValueError(DATE, text, "a date", f"there is no day {stripped}") from None


def read_plays(text: str) -> int:
    """A whole number from 0 to 2^63 - 1; raises BadValueError."""
    stripped = text.strip(BLANKS)
    if not _WHOLE.fullmatch(stripped):
        expected = "a number of plays from 0 upwards" if _NEGATIVE.fullmatch(stripped) else "a whole number of plays"
        raise BadValueError(PLAYS, text, expected)
    # Cut before converting: Python refuses to convert thousands of digits.
    digits = stripped.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > MAX_PLAYS:
        raise BadValueError(PLAYS, text, f"at most {MAX_PLAYS:,} plays")
    return int(digits)


def _judged(column: str, raw: bytes) -> int | BadValueError:
    return _judge(column, raw) if len(raw) <= LONGEST_SHOWN else _judge.__wrapped__(column, raw)


@lru_cache(1 << 13)
def _judge(column: str, raw: bytes) -> int | BadValueError:
    try:
        return (read_day if column == DATE else read_plays)(_text(raw, column))
    except BadValueError as error:
        # What led here would keep the whole block alive, as long as the error is remembered.
        error.__context__ = None
        return error.with_traceback(None)


def _text(raw: bytes, column: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        shown = raw.decode("utf-8", "backslashreplace")
        found = f'has others: "{shown[:LONGEST_SHOWN]}" (in a spreadsheet, save it as CSV UTF-8)'
        raise BadValueError(column, shown, "letters in the encoding UTF-8", found) from None
