"""The columns that come in and go out, and their types inside."""

from __future__ import annotations

SONG = "Song"
DATE = "Date"
PLAYS = "Number of Plays"
TOTAL = "Total Number of Plays for Date"

INPUT_COLUMNS = (SONG, DATE, PLAYS)
OUTPUT_COLUMNS = (SONG, DATE, TOTAL)
