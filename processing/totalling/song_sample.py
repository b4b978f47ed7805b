"""A sample of songs for choosing the borders of buckets: from all over a file, or from the beginning of a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

from processing.columns import SONG
from processing.dialect.dialect import Dialect
from processing.dialect.tokenizer import Tokenizer
from processing.options import MIB, Options
from processing.source.text_stream import open_text

_PLACES = 128
_LEAST_BYTES, _MOST_BYTES = 2 << 10, 128 << 10  # at each place
_STREAM_BYTES = 4 * MIB


def text_bytes(source: Path, dialect: Dialect, options: Options) -> int:
    """Return the number of bytes of text that hold rows; for a stream, an estimate by its beginning."""
    if dialect.is_raw:
        return source.stat().st_size - dialect.first_row
    text, fraction, _is_all = _beginning(source, dialect, options)
    return int(len(text) / max(fraction, 1e-9))


def sample_songs(source: Path, dialect: Dialect, options: Options, rows: int) -> list[bytes]:
    """Return the songs of about ``rows`` rows. A wrong one does no harm: borders only balance the buckets."""
    if not dialect.is_raw:
        text, _fraction, is_all = _beginning(source, dialect, options)
        songs = list(_songs(text, dialect, first=0))
        if not is_all and _are_sorted(songs):
            # The first songs of a sorted file say nothing of the others: reading it twice costs less than bad borders.
            songs = _songs_all_over(source, dialect, options)
        return songs[:: max(len(songs) // max(rows, 1), 1)]
    size = source.stat().st_size
    length = min(max(int(rows * dialect.record_bytes / _PLACES), _LEAST_BYTES), _MOST_BYTES)
    found: list[bytes] = []
    descriptor = os.open(source, os.O_RDONLY)
    try:
        for number in range(_PLACES):
            start = dialect.first_row + (size - dialect.first_row) * number // _PLACES
            # The first and last records are partial, unless they happen to begin and end here.
            found += _songs(os.pread(descriptor, length, start), dialect, first=1 if number else 0)
    finally:
        os.close(descriptor)
    return found


def _beginning(source: Path, dialect: Dialect, options: Options) -> tuple[bytes, float, bool]:
    """Return text from the first row on, the approximate fraction of the file in it, and whether it is all."""
    with open_text(source, dialect, options) as text:
        found, is_all = bytearray(), True
        for piece in text.pieces():
            if len(found) >= _STREAM_BYTES + dialect.first_row:
                is_all = False
                break
            found += piece
        return bytes(found[dialect.first_row :]), text.fraction, is_all


def _are_sorted(songs: list[bytes]) -> bool:
    """Return whether hardly any song sorts before its predecessor."""
    return sum(one > other for one, other in pairwise(songs)) * 100 < len(songs)


def _songs_all_over(source: Path, dialect: Dialect, options: Options) -> list[bytes]:
    """Return songs from each MiB of a stream."""
    with open_text(source, dialect, options) as text:
        return [song for piece in text.pieces() for song in _songs(piece[:_MOST_BYTES], dialect, first=1)]


def _songs(text: bytes, dialect: Dialect, *, first: int) -> Iterator[bytes]:
    place = dialect.places[SONG]
    for fields in islice(_records(text, dialect), first, None):
        if len(fields) == dialect.fields:
            yield fields[place]


def _records(text: bytes, dialect: Dialect) -> Iterator[Sequence[bytes]]:
    syntax = dialect.syntax
    if not syntax.is_simple or (syntax.quotechar and syntax.quotechar.encode() in text):
        yield from (record.fields for record in Tokenizer(syntax).records(text) if record.fields is not None)
    else:
        yield from (line.split(syntax.delimiter.encode()) for line in text.splitlines())
