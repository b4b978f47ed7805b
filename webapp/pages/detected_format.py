"""The detected format of a file, in words for people."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from common.option_words import ENCODINGS, DateStyle
from processing.columns import DATE, PLAYS, SONG
from processing.date_styles import EXAMPLES
from processing.date_styles import WORDS as DATE_WORDS
from store.options import JobOptions

# The label of each option that describes the format of a file.
LABELS = {
    "encoding": "Encoding",
    "delimiter": "Separator",
    "quote": "Quotes",
    "header_line": "Column names",
    "song_column": "Song",
    "date_column": "Date",
    "plays_column": "Number of plays",
    "date_style": "Dates",
    "thousands": "Thousands separator",
}
COLUMNS = {"song_column": SONG, "date_column": DATE, "plays_column": PLAYS}
SEPARATORS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "pipes |",
    ":": "colons",
    " ": "spaces",
    "^": "carets ^",
    "~": "tildes ~",
    "#": "hashes #",
}
QUOTES = {'"': 'double, as in "a song"', "'": "single, as in 'a song'", "": "none"}
_THOUSANDS = {
    "": "none",
    ",": "comma",
    ".": "dot",
    "'": "apostrophe",
    "\u2019": "apostrophe",
    " ": "space",
    "\xa0": "space",
    "\u202f": "space",
}
_COMPRESSIONS = {"gzip": "with gzip", "bzip2": "with bzip2", "xz": "with xz", "zstd": "with zstd", "zip": "as a zip"}


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the detected format."""

    option: str  # empty if no option sets it
    label: str
    words: str
    is_said: bool  # the option was set, so nothing was detected


def found_in(detected: dict[str, Any], chosen: JobOptions, asked: Collection[str] = ()) -> tuple[Found, ...]:
    """Return the lines of the detected format; empty before the inspection, and shorter for jobs of older versions."""
    words = words_for(detected, asked)
    lines = [
        Found(option, label, words[option], is_said=bool(getattr(chosen, option)))
        for option, label in LABELS.items()
        if option in words
    ]
    if compression := detected.get("compression"):
        lines.insert(0, Found("", "Compressed", _COMPRESSIONS.get(compression, f"with {compression}"), is_said=False))
    return tuple(lines)


def words_for(detected: dict[str, Any], asked: Collection[str] = ()) -> dict[str, str]:
    """Return what was detected for each option, except those in ``asked``, for which it is only a guess."""
    return {option: words for option, words in _words(detected) if option not in asked}


def _words(detected: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if encoding := detected.get("encoding"):
        yield "encoding", encoding_words(encoding)
    if delimiter := detected.get("delimiter"):
        yield "delimiter", separator_words(delimiter)
    if "quote" in detected:
        behind = ", a backslash before those inside" if detected.get("escape") else ""
        yield "quote", QUOTES.get(detected["quote"] or "", str(detected["quote"])) + behind
    if "header" in detected:
        line = detected.get("header_line")
        yield "header_line", ("in the header" if not line else f"on line {line:,}") if detected["header"] else "none"
    names = detected.get("column_names") or ()
    for option, column in COLUMNS.items():
        if column in (detected.get("columns") or {}):
            yield option, column_words(detected["columns"][column], names)
    if style := detected.get("date_style"):
        yield "date_style", date_words(style)
    if "thousands" in detected:
        yield "thousands", thousands_words(detected["thousands"] or "")


def encoding_words(encoding: str) -> str:
    """Name an encoding."""
    if encoding == "utf-8-sig":
        return "UTF-8 with BOM"
    return ENCODINGS.get(encoding, encoding)


def separator_words(character: str) -> str:
    """Name a delimiter, an invisible one by its code point."""
    if character in SEPARATORS:
        return SEPARATORS[character]
    return f"the character {character}" if character.isprintable() else f"the invisible character {ord(character):02X}"


def date_words(style: str) -> str:
    """Describe a date style, with an example."""
    try:
        known = DateStyle(style)
    except ValueError:
        return style
    return f"{DATE_WORDS[known]}, like {EXAMPLES[known]}"


def thousands_words(mark: str) -> str:
    """Describe a thousands separator, with an example."""
    return f"{_THOUSANDS.get(mark, mark)}, like {mark.join(('1', '234', '567'))}" if mark else _THOUSANDS[mark]


def column_words(place: int, names: tuple[str, ...] | list[str]) -> str:
    """Name a column by its number and, if it has one, its name; ``place`` counts from 0."""
    name = names[place].strip() if place < len(names) else ""
    return f"column {place + 1:,}, “{name}”" if name else f"column {place + 1:,}"
