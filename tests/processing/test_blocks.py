"""Blocks: cut at record ends, whatever stands inside quotes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing import blocks
from processing.blocks import spans
from processing.errors import RefusedError
from processing.tokenizer import Tokenizer

PIECES = st.lists(
    st.sampled_from(
        [b"a,b\n", b'"x\ny",b\n', b'"q""q",b\r\n', b'12" mix,b\n', b'"open,b\n', b"\n", b"c,d\r", b'e,"f"']
    ),
    max_size=40,
)


def cut(data: bytes, block_bytes: int) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.csv"
        source.write_bytes(data)
        found = list(spans(source, 0, block_bytes, ","))
        assert [span.index for span in found] == list(range(len(found)))
        assert all(not span.quoted for span in found if b'"' not in data[span.start : span.end])
        return [data[span.start : span.end] for span in found]


@given(PIECES, st.integers(1, 60))
def test_the_records_of_all_blocks_are_those_of_the_whole_file(pieces: list[bytes], block_bytes: int) -> None:
    data = b"".join(pieces)
    cuts = cut(data, block_bytes)
    assert b"".join(cuts) == data
    tokenizer = Tokenizer()
    apart = [record.fields for piece in cuts for record in tokenizer.records(piece)]
    assert apart == [record.fields for record in tokenizer.records(data)]


def test_a_newline_inside_quotes_is_no_place_to_cut() -> None:
    assert cut(b'"a\nb",1\n"c\nd",2\n', 10) == [b'"a\nb",1\n', b'"c\nd",2\n']


def test_a_line_longer_than_any_row_of_plays_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_RECORD", 1000)
    source = tmp_path / "in.csv"
    source.write_bytes(b"a,b\n" + b"x" * 5000)
    with pytest.raises(RefusedError, match="after byte 4 a line is longer"):
        list(spans(source, 0, 100, ","))
