"""The rules of a row: what a song, a date and a number of plays may look like.

The fast paths accept exactly what these rules accept, which tests verify.
"""

from __future__ import annotations

from typing import Any

from common.option_words import DateStyle
from processing.columns import BLANKS, DATE, PLAYS, SONG
from processing.date_styles import OTHER_ORDER
from processing.dialect.dates import day_of, has_form
from processing.dialect.numbers import TooLargeError, whole_number

LONGEST_SHOWN = 80  # characters of a bad value that people see
_CACHED = 1 << 13  # judged values that are cached


class BadValueError(ValueError):
    """A value that cannot be read; ``code`` is one of sentences.REASONS, ``params`` fill in its sentence."""

    def __init__(self, column: str, value: str, code: str, **params: Any) -> None:
        super().__init__(code)
        shown = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "..."
        self.column = column
        self.value = shown.replace("\0", "\\x00")  # NUL, which no database and no page could show
        self.code = code
        self.params = params

    @property
    def other_order(self) -> bool:
        """Return whether it is a valid date with day and month the other way round."""
        return self.code == "other_order"

    @property
    def not_utf_8(self) -> bool:
        """Return whether it has letters in another encoding."""
        return self.code == "not_utf_8"


Row = tuple[str, int, int]


class RowReader:
    """Reads the rows of one dialect."""

    def __init__(
        self,
        places: dict[str, int],
        dates: DateStyle = DateStyle.ISO,
        thousands: str = "",
        *,
        corrections: bool = False,
    ) -> None:
        """``places``: column name -> index among the fields; ``corrections``: plays may be negative."""
        self._song, self._date, self._plays = (places[column] for column in (SONG, DATE, PLAYS))
        self._dates = dates
        self._thousands = thousands
        self._corrections = corrections
        self._judged: dict[tuple[str, bytes], int | BadValueError] = {}

    def read(self, fields: tuple[bytes, ...]) -> Row:
        """Return song, day (days since 1970-01-01) and plays of a record's fields; raise BadValueError."""
        found = self.judge(fields)
        if isinstance(found, BadValueError):
            raise found.with_traceback(None)
        return found

    def judge(self, fields: tuple[bytes, ...]) -> Row | BadValueError:
        """Return the same, or the error unraised: there can be millions of bad rows, with the same few values."""
        try:
            song = read_song(fields[self._song])
        except BadValueError as error:
            return error
        day = self.judge_value(DATE, fields[self._date])
        if isinstance(day, BadValueError):
            return day
        plays = self.judge_value(PLAYS, fields[self._plays])
        return plays if isinstance(plays, BadValueError) else (song, day, plays)

    def judge_value(self, column: str, raw: bytes) -> int | BadValueError:
        """Return a day or a number of plays, or the error unraised."""
        known = self._judged.get((column, raw))
        if known is None:
            known = self._judge(column, raw)
            if len(raw) <= LONGEST_SHOWN:
                if len(self._judged) >= _CACHED:
                    self._judged.clear()
                self._judged[column, raw] = known
        return known

    def _judge(self, column: str, raw: bytes) -> int | BadValueError:
        try:
            text = _text(raw, column)
            if column == DATE:
                return read_day(text, self._dates)
            return read_plays(text, self._thousands, corrections=self._corrections)
        except BadValueError as error:
            # Its context and traceback would keep the whole block alive as long as the error is cached.
            error.__context__ = None
            return error.with_traceback(None)


def read_song(raw: bytes) -> str:
    """Return the song unchanged, blanks included; raise BadValueError if it is empty or not text."""
    song = _text(raw, SONG)
    if not song.strip(" \t"):
        raise BadValueError(SONG, song, "missing")
    if song.startswith("\ufeff") or "\0" in song:  # a byte order mark is left where files were joined
        raise BadValueError(SONG, song, "hidden")
    return song


def read_day(text: str, style: DateStyle = DateStyle.ISO) -> int:
    """Return the days since 1970-01-01 of a date written in the style; raise BadValueError."""
    day = day_of(text, style)
    if day is not None:
        return day
    if not text.strip():
        raise BadValueError(DATE, text, "missing")
    if not has_form(text, style):
        raise BadValueError(DATE, text, "not_a_date", style=str(style))
    other = OTHER_ORDER.get(style)
    if other is not None and day_of(text, other) is not None:
        raise BadValueError(DATE, text, "other_order", style=str(style))
    raise BadValueError(DATE, text, "no_such_day")


def read_plays(text: str, thousands: str = "", *, corrections: bool = False) -> int:
    """Return a whole number from 0, or with ``corrections`` from -(2^63 - 1), to 2^63 - 1; raise BadValueError."""
    try:
        number = whole_number(text, thousands)
    except TooLargeError:
        number = -1 if text.strip(BLANKS).startswith("-") else 1
        if number > 0 or corrections:
            raise BadValueError(PLAYS, text, "too_large") from None
    if number is None:
        raise BadValueError(PLAYS, text, "not_whole" if text.strip() else "missing")
    if number < 0 and not corrections:
        raise BadValueError(PLAYS, text, "negative")
    return number


def _text(raw: bytes, column: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadValueError(column, raw.decode("utf-8", "backslashreplace"), "not_utf_8") from None
