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
    "cp1252": "Windows-1252 (Western Europe)",
    "utf-16-le": "UTF-16, low byte first",
    "utf-16-be": "UTF-16, high byte first",
    "iso-8859-15": "ISO 8859-15 (Western Europe)",
    "mac-roman": "Mac Roman",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "shift_jis": "Shift JIS (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "euc-kr": "EUC-KR (Korean)",
}
# Separators of thousands, as in 1,234,567, by name.
THOUSANDS = {"none": "", "comma": ",", "point": ".", "apostrophe": "'", "blank": " "}
# Delimiters by name; any other single character is given as itself.
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "colon": ":", "blank": " "}
QUOTES = {"double": '"', "single": "'", "none": ""}
