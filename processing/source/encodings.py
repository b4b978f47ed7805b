"""Encodings: detection of a file's own, and strict transcoding that never substitutes a replacement character."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.option_words import ENCODINGS
from processing.dialect.tokenizer import count_lines
from processing.errors import Choice, Question, RefusedError

UTF_8, UTF_8_BOM, FALLBACK = "utf-8", "utf-8-sig", "cp1252"
BOM = b"\xef\xbb\xbf"
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UTF_32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff][^\r\n]*")  # to the end of the line
_PROBE_BYTES = 512  # in which UTF-16 without a byte order mark is detected


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many lines with non-ASCII letters are valid UTF-8, and how many are not."""

    utf_8: int = 0
    others: int = 0
    line: int | None = None  # the first one that is not

    def __add__(self, more: Evidence) -> Evidence:
        return Evidence(self.utf_8 + more.utf_8, self.others + more.others, self.line or more.line)


def marked_encoding(start: bytes) -> tuple[str, int] | None:
    """Return the encoding that the first bytes reveal and the length of its mark; raise RefusedError for UTF-32."""
    if start.startswith(_UTF_32):
        raise RefusedError("encoding_unknown.utf_32")
    if start.startswith(BOM):
        return UTF_8_BOM, 0  # the mark stays in the text, so that its offsets are those of the file
    for mark, encoding in _BOMS.items():
        if start.startswith(mark):
            return encoding, len(mark)
    probe = start[:_PROBE_BYTES]
    for encoding, zero in (("utf-16-le", 1), ("utf-16-be", 0)):
        # Text is mostly ASCII, so nearly every second byte is zero, and none of the others.
        zeros, others = probe[zero::2].count(0), probe[1 - zero :: 2].count(0)
        if len(probe) >= 20 and zeros > len(probe) * 0.4 and not others:
            return encoding, 0
    return None


def evidence_in(text: bytes, first_line: int = 1) -> Evidence:
    """Count the non-ASCII lines in a text of whole lines; ``first_line`` is the number of the first line."""
    if text.isascii():
        return Evidence()
    utf_8, others, first = 0, 0, None
    for rest in _BEYOND_ASCII.finditer(text):
        if is_utf_8(rest[0]):
            utf_8 += 1
        else:
            others += 1
            first = first or first_line + count_lines(text[: rest.start()])
    return Evidence(utf_8, others, first)


def encoding_by(evidence: Evidence) -> str:
    """Return UTF-8, or cp1252 if all non-ASCII lines are invalid UTF-8; raise RefusedError if most but not all are."""
    if evidence.others > evidence.utf_8 > 0:
        raise mixed(evidence.line)
    return FALLBACK if evidence.others and not evidence.utf_8 else UTF_8


def is_utf_8(text: bytes) -> bool:
    """Return whether the bytes are well-formed UTF-8."""
    try:
        text.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def mixed(line: int | None) -> RefusedError:
    """Return the refusal of a file that mixes both encodings."""
    return RefusedError("encodings_mixed", line=line, question=_question(UTF_8, FALLBACK))


def _question(*encodings: str) -> Question:
    return Question(("encoding",), tuple(Choice(one, "encoding", {"encoding": one}) for one in encodings))


def _may_hold_utf_8(text: bytes) -> bool:
    """Return whether a lead byte of UTF-8 comes before a continuation byte anywhere."""
    codes = np.frombuffer(text, np.uint8)
    starts = np.flatnonzero(codes[:-1] >= 0xC2)
    return bool(((codes[starts + 1] & 0xC0) == 0x80).any())


class Transcoder:
    """Converts text from another encoding to UTF-8, a piece at a time.

    Raises:
        RefusedError: bytes are invalid in the encoding or, with ``rejects_utf_8``, a line is UTF-8 after all.
    """

    def __init__(self, encoding: str, *, rejects_utf_8: bool) -> None:
        self._encoding = encoding
        self._rejects_utf_8 = rejects_utf_8
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._line = 1
        self._partial_line = b""  # the beginning of a line that continues in the next piece

    def to_state(self) -> dict[str, Any]:
        """Return what it knows of the text before the next piece, as JSON-serializable state."""
        pending, flags = self._decoder.getstate()
        return {"line": self._line, "torn": self._partial_line.hex(), "pending": pending.hex(), "flags": flags}

    def resume(self, state: dict[str, Any]) -> None:
        """Continue where another transcoder stopped."""
        self._line, self._partial_line = state["line"], bytes.fromhex(state["torn"])
        self._decoder.setstate((bytes.fromhex(state["pending"]), state["flags"]))

    def to_utf_8(self, piece: bytes, *, at_end: bool) -> bytes:
        """Return the next piece as UTF-8."""
        if piece.isascii() and self._encoding.startswith(("cp", "iso", "mac")):
            text = piece
        else:
            try:
                text = self._decoder.decode(piece, final=at_end).encode(UTF_8)
            except (UnicodeDecodeError, UnicodeEncodeError) as error:
                # A lone surrogate of UTF-16 decodes but cannot be encoded.
                raise self._unknown(error) from error
        if self._rejects_utf_8:
            self._refuse_utf_8(piece, at_end=at_end)
        self._line += count_lines(text)
        return text

    def _refuse_utf_8(self, piece: bytes, *, at_end: bool) -> None:
        text = self._partial_line + piece
        self._partial_line = text[max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 :][-4096:]
        if text.isascii() or not _may_hold_utf_8(text):
            return
        for rest in _BEYOND_ASCII.finditer(text):
            if (at_end or rest.end() < len(text)) and is_utf_8(rest[0]):
                raise mixed(self._line + count_lines(text[: rest.start()]))

    def _unknown(self, error: UnicodeDecodeError | UnicodeEncodeError) -> RefusedError:
        before = error.object[: error.start]
        text = before if isinstance(before, str) else before.decode(self._encoding, "ignore")
        line = self._line + count_lines(text.encode(UTF_8, "ignore"))
        return RefusedError("encoding_unknown", line=line, question=_question(*ENCODINGS))
