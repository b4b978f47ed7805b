"""The columns that come in and go out, and their types inside."""

from __future__ import annotations

SONG = "Song"
DATE = "Date"
PLAYS = "Number of Plays"
TOTAL = "Total Number of Plays for Date"

# What may stand around a date or a number; also the blanks that keep a number together with what is beside it.
BLANKS = " \t\u00a0\u202f"

INPUT_COLUMNS = (SONG, DATE, PLAYS)
OUTPUT_COLUMNS = (SONG, DATE, TOTAL)
