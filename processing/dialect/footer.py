"""Footers: totals lines at the end of a file, which look like rows of plays but are not."""

from __future__ import annotations

from processing.columns import SONG
from processing.dialect.column_synonyms import is_total
from processing.dialect.dialect import Dialect
from processing.dialect.rows import BadValueError
from processing.dialect.tokenizer import Tokenizer

TAIL_BYTES = 16 << 10  # at the end of a file, in which its footer must begin


def footer_start(tail: bytes, dialect: Dialect, *, is_torn: bool) -> int:
    """Return the offset in the last bytes of a file at which its footer begins; their length if there is none.

    A footer is a row that names a total instead of a song, and everything after it, if that holds no rows.
    ``is_torn``: the tail begins in the middle of a line.
    """
    start, end = len(tail), len(tail)
    tokenizer, reader = Tokenizer(dialect.syntax), dialect.row_reader()
    while end:
        line = _line_before(tail, end)
        if line == 0 and is_torn:
            break
        for record in tokenizer.records(tail[line:end]):
            if record.fields is None or not dialect.fits(record.fields):
                continue
            if isinstance(reader.judge(record.fields), BadValueError):
                continue
            if not names_a_total(record.fields[dialect.places[SONG]]):
                return start
            start = line
        end = line
    return start


def names_a_total(song: bytes) -> bool:
    """Return whether the field of the song begins a totals line."""
    return len(song) < 80 and b'"' not in song and is_total(song.decode("utf-8", "replace"))


def _line_before(tail: bytes, end: int) -> int:
    """Return the beginning of the line that ends, with its line end, at ``end``."""
    within = end
    if within and tail[within - 1 : within] == b"\n":
        within -= 1
    if within and tail[within - 1 : within] == b"\r":
        within -= 1
    return max(tail.rfind(b"\n", 0, within), tail.rfind(b"\r", 0, within)) + 1
