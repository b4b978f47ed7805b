"""The vocabulary of options, shared by pages, API, store and processing."""

from __future__ import annotations

from enum import StrEnum


class BadRows(StrEnum):
    """The choices for rows that cannot be read as (song, date, plays)."""

    STOP = "stop"  # read the whole file, then refuse it with the first bad row and their count
    SKIP = "skip"  # skip them, count them and list them in rejected.csv


class DateStyle(StrEnum):
    """The ways in which a file may write dates; the value is what people and scripts see."""

    ISO = "YYYY-MM-DD"  # a time after it is ignored
    ISO_SLASHES = "YYYY/MM/DD"
    ISO_DOTS = "YYYY.MM.DD"
    COMPACT = "YYYYMMDD"
    DAY_FIRST = "DD/MM/YYYY"
    MONTH_FIRST = "MM/DD/YYYY"
    DAY_FIRST_DOTS = "DD.MM.YYYY"
    MONTH_FIRST_DOTS = "MM.DD.YYYY"
    DAY_FIRST_DASHES = "DD-MM-YYYY"
    MONTH_FIRST_DASHES = "MM-DD-YYYY"
    NAMED = "DD Month YYYY"  # month names, before or after the day


BAD_ROWS = tuple(str(choice) for choice in BadRows)
DATE_STYLES = tuple(str(style) for style in DateStyle)
CORRECTIONS = ("refuse", "allow")  # whether plays may be negative
# The codecs that may be chosen, with their names for people.
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Western European (Windows-1252)",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "iso-8859-15": "Western European (ISO 8859-15)",
    "mac-roman": "Western European (Mac Roman)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "shift_jis": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese (Big5)",
    "euc-kr": "Korean (EUC-KR)",
}
# Separators of thousands, as in 1,234,567, by name.
THOUSANDS = {"none": "", "comma": ",", "point": ".", "apostrophe": "'", "blank": " "}
# Delimiters by name; any other single character is given as itself.
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "colon": ":", "blank": " "}
QUOTES = {"double": '"', "single": "'", "none": ""}
