"""Candidates for the syntax of a file, and the choice of the one that reads most of its first rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from processing.columns import SONG
from processing.dialect.column_types import Fields
from processing.dialect.syntax import BACKSLASH, Syntax
from processing.inspection.layout import Layout, Places, read_layout
from processing.options import DialectOptions

_DELIMITERS = ",;\t|:^~#\x1f\x01"
_WRAPPED = re.compile(rb"'(?:[^']|'')*'")
_SEP_LINE = re.compile(rb'"?sep=([^\r\n])"?(?:\r\n|\n|\r)', re.IGNORECASE)


def separator_line(sample: bytes) -> tuple[str, int] | None:
    """Return the delimiter that a first line ``sep=;`` names and the length of that line; None without such a line."""
    found = _SEP_LINE.match(sample)
    return (found[1].decode("latin-1"), found.end()) if found and found[1].isascii() else None


def best_layout(sample: bytes, wanted: DialectOptions, *, at_end: bool) -> Layout:
    """Return the layout in the syntax that reads most rows; among equals, in the most usual one."""
    best = read_layout(sample, _first_syntax(wanted), wanted, at_end=at_end)
    if best.reads_all and not _needs_a_closer_look(sample, best.syntax, wanted):
        return best
    for syntax in _candidates(sample, wanted):
        layout = read_layout(sample, syntax, wanted, at_end=at_end)
        if layout.rank > best.rank:
            best = layout
    return _refined(sample, best, wanted, at_end=at_end)


def _first_syntax(wanted: DialectOptions) -> Syntax:
    return Syntax(wanted.delimiter or ",", '"' if wanted.quote is None else wanted.quote)


def _needs_a_closer_look(sample: bytes, syntax: Syntax, wanted: DialectOptions) -> bool:
    return (wanted.quote is None and b"'" in sample) or (syntax.delimiter + " ").encode() in sample


def _candidates(sample: bytes, wanted: DialectOptions) -> Iterator[Syntax]:
    """Yield the syntaxes in which the sample could be written, the more usual ones first."""
    found = [mark for mark in _DELIMITERS if mark.encode() in sample]
    if wanted.delimiter:
        found = [wanted.delimiter]
    for delimiter in found:
        for quote in _quotes(sample, delimiter, wanted):
            for escape in ("", BACKSLASH) if b"\\" in sample else ("",):
                yield Syntax(delimiter, quote, escape)
                if (delimiter + " ").encode() in sample:
                    yield Syntax(delimiter, quote, escape, skipinitialspace=True)
                if (" " + delimiter).encode() in sample:
                    yield Syntax(delimiter, quote, escape, strips_spaces=True)


def _quotes(sample: bytes, delimiter: str, wanted: DialectOptions) -> list[str]:
    if wanted.quote is not None:
        return [wanted.quote]
    found = ['"']
    if b"'" in sample:
        found.append("'")
    if b'"' in sample and _is_unquoted(sample, delimiter):
        found.append("")
    return found


def _is_unquoted(sample: bytes, delimiter: str) -> bool:
    """Return whether quotes begin fields but never enclose a whole one: "Weird Al" Yankovic."""
    mark = re.escape(delimiter.encode())
    before, after = rb"(?:^|(?<=[" + mark + rb"\r\n]))", rb"(?=[" + mark + rb"\r\n]|\Z)"
    if re.search(before + rb'"(?:[^"]|"")*+"' + after, sample):
        return False
    return re.search(before + rb'"[^"\r\n' + mark + rb']++"[^"\r\n' + mark + rb"]", sample) is not None


def _refined(sample: bytes, layout: Layout, wanted: DialectOptions, *, at_end: bool) -> Layout:
    """Return the layout in a syntax that changes not the number of rows but their songs, if one fits better."""
    rows = [record.fields for record in layout.records[(layout.header.last + 1 if layout.header else 0) :]]
    cut = [row for row in rows if row is not None and len(row) == layout.fields]
    syntax = layout.syntax
    if syntax.is_simple and _all_begin_with_blanks(cut):
        syntax = (
            replace(syntax, strips_spaces=True) if _all_end_with_blanks(cut) else replace(syntax, skipinitialspace=True)
        )
    if wanted.quote is None and syntax.quotechar == '"' and _are_wrapped(rows, layout.places):
        syntax = replace(syntax, quotechar="'")
    if syntax == layout.syntax:
        return layout
    other = read_layout(sample, syntax, wanted, at_end=at_end)
    return other if other.good >= layout.good else layout


def _all_begin_with_blanks(rows: Sequence[Fields]) -> bool:
    later = [field for row in rows for field in row[1:]]
    return bool(later) and all(field.startswith(b" ") for field in later)


def _all_end_with_blanks(rows: Sequence[Fields]) -> bool:
    return all(field.endswith(b" ") for row in rows for field in row[:-1])


def _are_wrapped(rows: Sequence[Fields | None], places: Places | None) -> bool:
    """Return whether all of several songs are in single quotes, or one that is contains a doubled quote."""
    if places is None:
        return False
    place = places[SONG]
    songs = {row[place] for row in rows if row is not None and len(row) > place}
    wrapped = [song for song in songs if _WRAPPED.fullmatch(song)]
    return len(songs) == len(wrapped) > 1 or any(b"''" in song[1:-1] for song in wrapped)
