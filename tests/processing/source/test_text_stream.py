"""Text as a stream: from each place at which it can be entered it goes on as it would have."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.errors import RefusedError
from processing.options import Options
from processing.source import text_stream as text_module
from processing.source.encodings import FALLBACK
from processing.source.text_stream import Entry, Text, open_bytes
from tests.examples import examples

WORDS = {
    "cp1252": "Für Elise – “naïve”\r\n",
    "utf-16-le": "Für 🎵\n",
    "utf-16-be": "Ж,夜\n",
    "shift_jis": "夜に駆ける,ｱA\n",
    "gb18030": "夜𠀀,é\n",
    "utf-8": "夜🎵é\n",
}
PACK: dict[str | None, Callable[[bytes], bytes]] = {
    None: lambda data: data,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
MARK = b"\xff\xfe"


def read(
    source: Path, compression: str | None, encoding: str, entry: Entry | None = None, *, doubts: bool = False
) -> tuple[list[bytes], Text]:
    """The pieces from an entry on; where there is a mark of the byte order, it does not count."""
    mark_bytes = len(MARK) if encoding == "utf-16-le" else 0
    with open_bytes(source, compression, Options(), entry) as file:
        text = Text(file, encoding, mark_bytes, rejects_utf_8=doubts, entry=entry)
        return list(text.pieces()), text


@pytest.mark.parametrize("compression", PACK)
@pytest.mark.parametrize("encoding", WORDS)
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters=st.data(), piece_bytes=st.integers(1, 9), member_bytes=st.integers(1, 20))
def test_from_each_entry_on_the_text_is_the_same(
    tmp_path: Path, encoding: str, compression: str | None, letters: st.DataObject, piece_bytes: int, member_bytes: int
) -> None:
    content = letters.draw(st.text(WORDS[encoding], max_size=40))
    packed = (MARK if encoding == "utf-16-le" else b"") + content.encode(encoding)
    pack = PACK[compression]
    members = [pack(packed[start : start + member_bytes]) for start in range(0, len(packed) or 1, member_bytes)]
    source = tmp_path / "source"
    source.write_bytes((b"\0\0" if compression == "gzip" else b"").join(members))  # zeros between them do not count
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "PIECE_BYTES", piece_bytes)
        pieces, text = read(source, compression, encoding)
        assert b"".join(pieces) == content.encode()
        for entry in list(text._entries):
            kept = Entry(**json.loads(json.dumps(asdict(entry))))
            assert b"".join(read(source, compression, encoding, kept)[0]) == content.encode()[entry.text :]


def test_doubts_go_on_at_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"a\n" * 10 + b"\xe9 b\n" + "torn é\n".encode())
    monkeypatch.setattr(text_module, "PIECE_BYTES", 5)
    with open_bytes(source, None, Options()) as file:
        text = Text(file, FALLBACK, 0, rejects_utf_8=True)
        with pytest.raises(RefusedError) as whole:
            list(text.pieces())
    assert whole.value.line == 12
    for entry in list(text._entries):
        with pytest.raises(RefusedError) as entered:
            read(source, None, FALLBACK, entry, doubts=True)
        assert entered.value.to_record() == whole.value.to_record()


def test_the_entry_before_a_place_is_the_last_one_and_those_before_it_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"0123456789" * 3)
    monkeypatch.setattr(text_module, "PIECE_BYTES", 10)
    text = read(source, None, "cp1252")[1]
    found = [text.entry_before(place) for place in (9, 10, 25, 5)]
    assert [entry and entry.text for entry in found] == [0, 10, 20, None]


def test_one_compressed_stream_can_only_be_entered_at_its_beginning(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(gzip.compress(bytes(5 << 20)))
    text = read(source, "gzip", "utf-8")[1]
    assert text.entry_before(4 << 20) == Entry(source=0, unpacked=0, text=0)
