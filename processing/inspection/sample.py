"""The sample of a file: its beginning as text, with what it takes to read the rest of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from processing.dialect.tokenizer import count_lines
from processing.errors import RefusedError
from processing.file_types import find_compression, refuse_packed_twice
from processing.options import Options
from processing.source.encodings import UTF_8, UTF_8_BOM, encoding_by, evidence_in, marked_encoding
from processing.source.text_stream import Text, open_bytes

SAMPLE_BYTES = 1 << 20
_CONTROLS = re.compile(rb"[\x00\x02-\x08\x0e-\x1a]")  # characters that do not occur in text


@dataclass(frozen=True, slots=True)
class Sample:
    """The first MiB of a file's text."""

    text: bytes  # UTF-8; a byte order mark of UTF-8 is left in it
    at_end: bool  # it is the whole file
    encoding: str
    mark_bytes: int  # of a byte order mark that is not part of the text
    compression: str | None
    is_open: bool  # all ASCII so far, so the encoding may show up later


def sample_of(source: Path, options: Options) -> Sample:
    """Read the beginning of a file; raise RefusedError if it is not text."""
    with source.open("rb") as file:
        first = file.read(4096)
    if not first:
        raise RefusedError("empty_file")
    # Look for a byte order mark first: bytes of UTF-16 can look like anything.
    compression = None if marked_encoding(first) else find_compression(first)
    with open_bytes(source, compression, options) as unpacked:
        raw = _read(iter(lambda: unpacked.read(SAMPLE_BYTES), b""))
    if compression:
        if not raw:
            raise RefusedError("empty_file.inside")
        refuse_packed_twice(raw)
    at_end = len(raw) <= SAMPLE_BYTES
    encoding, mark_bytes, is_open = _encoding(raw[:SAMPLE_BYTES], at_end=at_end, chosen=options.dialect.encoding)
    if encoding in (UTF_8, UTF_8_BOM):
        return Sample(raw[:SAMPLE_BYTES], at_end, encoding, 0, compression, is_open)
    with open_bytes(source, compression, options) as unpacked:
        text = _read(Text(unpacked, encoding, mark_bytes, rejects_utf_8=options.dialect.encoding is None).pieces())
    return Sample(text[:SAMPLE_BYTES], len(text) <= SAMPLE_BYTES, encoding, mark_bytes, compression, is_open=False)


def encoding_of_whole_file(source: Path, compression: str | None, options: Options) -> str:
    """Return the encoding of a file that begins in ASCII, by all of its lines; raise RefusedError if it mixes two."""
    evidence, partial, line = evidence_in(b""), b"", 1
    with open_bytes(source, compression, options) as file:
        while piece := file.read(SAMPLE_BYTES):
            text = partial + piece
            end = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
            evidence, partial = evidence + evidence_in(text[:end], line), text[end:]
            line += count_lines(text[:end])
    return encoding_by(evidence + evidence_in(partial, line))


def _read(pieces: Iterable[bytes]) -> bytes:
    """Return the first pieces, up to the one that exceeds SAMPLE_BYTES."""
    found = b""
    for piece in pieces:
        found += piece
        if len(found) > SAMPLE_BYTES:
            break
    return found


def _encoding(raw: bytes, *, at_end: bool, chosen: str | None) -> tuple[str, int, bool]:
    """Return the encoding, the length of its byte order mark, and whether another encoding may show up later."""
    marked = marked_encoding(raw)
    if chosen:
        fits = marked is not None and marked[0].removesuffix("-sig") == chosen
        return (*marked, False) if marked and fits else (chosen, 0, False)
    if marked:
        return (*marked, False)
    if raw.isascii():
        return UTF_8, 0, not at_end
    whole = raw if at_end else raw[: max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1]
    evidence = evidence_in(whole)
    if evidence.others and len(_CONTROLS.findall(raw)) > len(raw) // 50:
        raise RefusedError("not_a_csv.binary")
    return encoding_by(evidence), 0, False
