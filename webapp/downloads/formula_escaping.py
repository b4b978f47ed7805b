"""Formula escaping, so that a spreadsheet never runs a song such as ``=cmd|...`` as a formula (CSV injection).

Excel needs a byte order mark to read UTF-8, and takes a cell that begins with = + - @, a tab or a carriage return
for a formula. A ' before it makes it text. In locales where Excel separates cells by semicolons or tabs, a cell can
begin inside a song: those get a ' as well. Everything else stays byte for byte.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PIECE = 1 << 20  # bytes at a time
_STARTS = ("=", "+", "-", "@", "\t", "\r")
_SONG = re.compile(rb'\n"?(?=[=+\-@\t\r])')  # a song that begins so, unless the line end is one within a song
_BEHIND_SEPARATOR = re.compile(rb"(?<=[;\t])(?=[=+\-@])")
_OPEN_END = (b"\n", b'\n"')  # ends of a piece after which only the next one shows whether a song begins so


def pieces_of(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, PIECE at a time."""
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def safe_totals(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Escape a part of ours, whose first column is the song and whose quoting is known to be valid.

    At most one piece is held in memory, however long a song is.
    """
    yield codecs.BOM_UTF8
    yield from _safe_behind_separators(_safe_at_the_beginning(pieces))


def _safe_behind_separators(pieces: Iterable[bytes]) -> Iterator[bytes]:
    last = b""
    for piece in pieces:
        if last in (b";", b"\t") and piece.startswith((b"=", b"+", b"-", b"@")):
            yield b"'"
        yield _BEHIND_SEPARATOR.sub(b"'", piece) if _BEHIND_SEPARATOR.search(piece) else piece
        last = piece[-1:]


def _safe_at_the_beginning(pieces: Iterable[bytes]) -> Iterator[bytes]:
    within, held = False, b""
    for piece in pieces:
        block = held + piece
        held = next((end for end in _OPEN_END[::-1] if block.endswith(end)), b"")
        block = block[: len(block) - len(held)]
        if block:
            yield _guarded(block, within) if _SONG.search(block) else block
        within ^= block.count(b'"') % 2 == 1  # a doubled quote within a song counts twice, which is right
    if held:
        yield held


def safe_table(path: Path) -> Iterator[bytes]:
    """Escape a small table of values from an uploaded file, any of which may begin like a formula."""
    yield codecs.BOM_UTF8
    text = io.StringIO()
    table = csv.writer(text)  # with CR LF as line end: with another, Python leaves a CR in a value unquoted
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            table.writerow(map(_safe_cell, row))
            if text.tell() >= PIECE:
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
    yield text.getvalue().encode()


def _safe_cell(cell: str) -> str:
    marked = _BEHIND_SEPARATOR.sub(b"'", cell.encode()).decode()
    return f"'{marked}" if cell.startswith(_STARTS) else marked


def _guarded(block: bytes, within: bool) -> bytes:
    """Put ' before each song that begins like a formula; ``within``: whether the block begins inside a quoted song."""
    if not within and b'"' not in block:
        return _SONG.sub(b"\n'", block)
    guarded, done = [], 0
    for found in _SONG.finditer(block):
        within ^= block.count(b'"', done, found.start()) % 2 == 1
        guarded.append(block[done : found.start()])
        guarded.append(found[0] if within else found[0] + b"'")
        within ^= found[0].endswith(b'"')
        done = found.end()
    return b"".join((*guarded, block[done:]))
