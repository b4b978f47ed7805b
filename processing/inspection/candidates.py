"""Which marks a file is written with: those that read most of its first rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from processing.columns import SONG
from processing.dialect.column_types import Fields
from processing.dialect.syntax import BACKSLASH, Syntax
from processing.inspection.layout import Layout, Places, look
from processing.options import DialectOptions

_DELIMITERS = ",;\t|:^~#\x1f\x01"
_WRAPPED = re.compile(rb"'(?:[^']|'')*'")
_SEP_LINE = re.compile(rb'"?sep=([^\r\n])"?(?:\r\n|\n|\r)', re.IGNORECASE)


def separator_line(sample: bytes) -> tuple[str, int] | None:
    """The delimiter that a first line ``sep=;`` names, and the length of that line."""
    found = _SEP_LINE.match(sample)
    return (found[1].decode("latin-1"), found.end()) if found and found[1].isascii() else None


def best_layout(sample: bytes, form: DialectOptions, *, at_end: bool) -> Layout:
    """The layout by the marks that read most rows; among equals by the most usual ones."""
    best = look(sample, _first_syntax(form), form, at_end=at_end)
    if best.reads_all and not _needs_a_closer_look(sample, best.syntax, form):
        return best
    for syntax in _candidates(sample, form):
        layout = look(sample, syntax, form, at_end=at_end)
        if layout.rank > best.rank:
            best = layout
    return _refined(sample, best, form, at_end=at_end)


def _first_syntax(form: DialectOptions) -> Syntax:
    return Syntax(form.delimiter or ",", '"' if form.quote is None else form.quote)


def _needs_a_closer_look(sample: bytes, syntax: Syntax, form: DialectOptions) -> bool:
    return (form.quote is None and b"'" in sample) or (syntax.delimiter + " ").encode() in sample


def _candidates(sample: bytes, form: DialectOptions) -> Iterator[Syntax]:
    """Sets of marks that the sample could have been written by, the more usual ones first."""
    found = [mark for mark in _DELIMITERS if mark.encode() in sample]
    if form.delimiter:
        found = [form.delimiter]
    for delimiter in found:
        for quote in _quotes(sample, delimiter, form):
            for escape in ("", BACKSLASH) if b"\\" in sample else ("",):
                yield Syntax(delimiter, quote, escape)
                if (delimiter + " ").encode() in sample:
                    yield Syntax(delimiter, quote, escape, skipinitialspace=True)
                if (" " + delimiter).encode() in sample:
                    yield Syntax(delimiter, quote, escape, strips_spaces=True)


def _quotes(sample: bytes, delimiter: str, form: DialectOptions) -> list[str]:
    if form.quote is not None:
        return [form.quote]
    found = ['"']
    if b"'" in sample:
        found.append("'")
    if b'"' in sample and _is_unquoted(sample, delimiter):
        found.append("")
    return found


def _is_unquoted(sample: bytes, delimiter: str) -> bool:
    """Whether quotes stand at the beginning of fields but never around a whole one: "Weird Al" Yankovic."""
    mark = re.escape(delimiter.encode())
    before, behind = rb"(?:^|(?<=[" + mark + rb"\r\n]))", rb"(?=[" + mark + rb"\r\n]|\Z)"
    if re.search(before + rb'"(?:[^"]|"")*+"' + behind, sample):
        return False
    return re.search(before + rb'"[^"\r\n' + mark + rb']++"[^"\r\n' + mark + rb"]", sample) is not None


def _refined(sample: bytes, layout: Layout, form: DialectOptions, *, at_end: bool) -> Layout:
    """The same with marks that make no difference to the number of rows, but to their songs."""
    rows = [record.fields for record in layout.records[(layout.header.last + 1 if layout.header else 0) :]]
    cut = [row for row in rows if row is not None and len(row) == layout.fields]
    syntax = layout.syntax
    if syntax.is_simple and _all_begin_with_blanks(cut):
        syntax = (
            replace(syntax, strips_spaces=True) if _all_end_with_blanks(cut) else replace(syntax, skipinitialspace=True)
        )
    if form.quote is None and syntax.quotechar == '"' and _are_wrapped(rows, layout.places):
        syntax = replace(syntax, quotechar="'")
    if syntax == layout.syntax:
        return layout
    other = look(sample, syntax, form, at_end=at_end)
    return other if other.good >= layout.good else layout


def _all_begin_with_blanks(rows: Sequence[Fields]) -> bool:
    behind = [field for row in rows for field in row[1:]]
    return bool(behind) and all(field.startswith(b" ") for field in behind)


def _all_end_with_blanks(rows: Sequence[Fields]) -> bool:
    return all(field.endswith(b" ") for row in rows for field in row[:-1])


def _are_wrapped(rows: Sequence[Fields | None], places: Places | None) -> bool:
    """Whether every song stands in single quotes, and there are several; or one with a doubled quote between them."""
    if places is None:
        return False
    place = places[SONG]
    songs = {row[place] for row in rows if row is not None and len(row) > place}
    wrapped = [song for song in songs if _WRAPPED.fullmatch(song)]
    return len(songs) == len(wrapped) > 1 or any(b"''" in song[1:-1] for song in wrapped)
