"""The names of the input and output columns, and the blanks around their values."""

from __future__ import annotations

SONG = "Song"
DATE = "Date"
PLAYS = "Number of Plays"
TOTAL = "Total Number of Plays for Date"

# Blanks that may surround a date or a number, no-break spaces included.
BLANKS = " \t\u00a0\u202f"

INPUT_COLUMNS = (SONG, DATE, PLAYS)
OUTPUT_COLUMNS = (SONG, DATE, TOTAL)
