"""The rules of a row: what a song, a date and a number of plays may look like.

The fast paths accept exactly what these rules accept, which tests verify.
"""

from __future__ import annotations

from common.option_words import DateStyle
from processing.columns import BLANKS, DATE, PLAYS, SONG
from processing.date_styles import EXAMPLES, OTHER_ORDER, WORDS
from processing.dialect.dates import day_of, has_form
from processing.dialect.numbers import MAX_PLAYS, TooLargeError, whole_number

LONGEST_SHOWN = 80  # characters of a bad value that people see
_CACHED = 1 << 13  # judged values that are cached


class BadValueError(ValueError):
    """A value that cannot be read; ``reason`` completes "Line 17 ..."."""

    def __init__(
        self,
        column: str,
        value: str,
        expected: str,
        found: str | None = None,
        *,
        other_order: bool = False,
        not_utf_8: bool = False,
    ) -> None:
        shown = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "..."
        shown = shown.replace("\0", "\\x00")  # NUL, which no database and no page could show
        if found is None:
            found = f'says "{printable(shown)}"' if value.strip() else "is empty"
        super().__init__(f"should have {expected}, but {found}")
        self.column = column
        self.value = shown
        self.reason = str(self)
        self.other_order = other_order  # a valid date with day and month the other way round
        self.not_utf_8 = not_utf_8


Row = tuple[str, int, int]
# Characters that represent control characters in a sentence.
_PICTURES = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}


def printable(text: str) -> str:
    """Return a text with pictures in place of control characters, for sentences."""
    return text.translate(_PICTURES)


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
        raise BadValueError(SONG, song, "a song")
    if song.startswith("\ufeff"):
        raise BadValueError(SONG, song, "a song", "begins with an invisible mark (where two files were joined?)")
    if "\0" in song:
        raise BadValueError(SONG, song, "a song", "has a character that is no text (NUL)")
    return song


def read_day(text: str, style: DateStyle = DateStyle.ISO) -> int:
    """Return the days since 1970-01-01 of a date written in the style; raise BadValueError."""
    day = day_of(text, style)
    if day is not None:
        return day
    words = f" ({WORDS[style]})" if style in OTHER_ORDER else ""
    if has_form(text, style):
        other = OTHER_ORDER.get(style)
        swapped = other is not None and day_of(text, other) is not None
        found = f"there is no day {text.strip(BLANKS)}"
        raise BadValueError(DATE, text, f"a date{words}", found, other_order=swapped)
    raise BadValueError(DATE, text, f"a date like {EXAMPLES[style]}{words}")


def read_plays(text: str, thousands: str = "", *, corrections: bool = False) -> int:
    """Return a whole number from 0, or with ``corrections`` from -(2^63 - 1), to 2^63 - 1; raise BadValueError."""
    try:
        number = whole_number(text, thousands)
    except TooLargeError:
        number = -1 if text.strip(BLANKS).startswith("-") else 1
        if number > 0 or corrections:
            raise BadValueError(PLAYS, text, f"at most {MAX_PLAYS:,} plays") from None
    if number is None:
        raise BadValueError(PLAYS, text, "a whole number of plays")
    if number < 0 and not corrections:
        raise BadValueError(PLAYS, text, "a number of plays from 0 upwards")
    return number


def _text(raw: bytes, column: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        shown = raw.decode("utf-8", "backslashreplace")
        found = f'has others: "{printable(shown[:LONGEST_SHOWN])}" (in a spreadsheet, save it as CSV UTF-8)'
        raise BadValueError(column, shown, "letters in the encoding UTF-8", found, not_utf_8=True) from None
