"""Blocks: cut at record ends, whatever stands inside quotes."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.dialect.syntax import COMMAS
from processing.dialect.tokenizer import MAX_QUOTED_RUN, Tokenizer
from processing.errors import RefusedError
from processing.reading import record_boundaries
from processing.reading.blocks import spans
from processing.reading.kernel import last_record_end
from tests.examples import examples
from tests.processing.referee import PLAIN
from tests.processing.ways import BOTH_WAYS

# Two columns, so that nothing is a row of plays, nor a footer below one.
DIALECT = replace(PLAIN, fields=2)
PIECES = st.lists(
    st.sampled_from(
        [b"a,b\n", b'"x\ny",b\n', b'"q""q",b\r\n', b'12" mix,b\n', b'"open,b\n', b"\n", b"c,d\r", b'e,"f"']
    ),
    max_size=40,
)


def cut(data: bytes, block_bytes: int, *, use_kernel: bool) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.csv"
        source.write_bytes(data)
        found = list(spans(source, DIALECT, block_bytes, use_kernel=use_kernel))
        assert [span.index for span in found] == list(range(len(found)))
        if not use_kernel:  # which may call a block quoted for what it saw behind it
            assert all(not span.quoted for span in found if b'"' not in data[span.start : span.end])
        return [data[span.start : span.end] for span in found]


@BOTH_WAYS
@settings(deadline=None)
@given(pieces=PIECES, block_bytes=st.integers(1, 60))
def test_the_records_of_all_blocks_are_those_of_the_whole_file(
    use_kernel: bool, pieces: list[bytes], block_bytes: int
) -> None:
    data = b"".join(pieces)
    cuts = cut(data, block_bytes, use_kernel=use_kernel)
    assert b"".join(cuts) == data
    tokenizer = Tokenizer()
    apart = [record.fields for piece in cuts for record in tokenizer.records(piece)]
    assert apart == [record.fields for record in tokenizer.records(data)]


@BOTH_WAYS
def test_a_newline_inside_quotes_is_no_place_to_cut(use_kernel: bool) -> None:
    assert cut(b'"a\nb",1\n"c\nd",2\n', 10, use_kernel=use_kernel) == [b'"a\nb",1\n', b'"c\nd",2\n']


@BOTH_WAYS
def test_a_quote_that_never_closes_costs_its_own_line_and_the_blocks_go_on_behind_it(use_kernel: bool) -> None:
    rows = b"song,x\n" * (MAX_QUOTED_RUN // 4)
    cuts = cut(b"a,b\n" + b'"open,x\n' + rows, 300_000, use_kernel=use_kernel)
    assert len(cuts) > 2
    assert [record.fields for piece in cuts for record in Tokenizer().records(piece)] == [
        (b"a", b"b"),
        None,
        *[(b"song", b"x")] * (MAX_QUOTED_RUN // 4),
    ]


@BOTH_WAYS
@pytest.mark.parametrize("long", [b"x" * 5000, b'"' + b'""' * 2500])
def test_a_line_longer_than_any_row_of_plays_is_refused_with_its_place(
    long: bytes, use_kernel: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_boundaries, "MAX_RECORD", 1000)
    source = tmp_path / "in.csv"
    source.write_bytes(b"a,b\n" + long)
    with pytest.raises(RefusedError) as refusal:
        list(spans(source, DIALECT, 100, use_kernel=use_kernel))
    assert (refusal.value.key, refusal.value.params["start"]) == ("line_too_long", 4)


@settings(max_examples=examples(500), deadline=None)
@given(st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r", b'""']), max_size=24).map(b"".join))
def test_the_kernel_cuts_where_the_tokenizer_does(data: bytes) -> None:
    ends = [record.end for record in Tokenizer().records(data, at_end=False)]
    end = last_record_end(data, COMMAS)
    # Blank lines behind the last record belong to none, so either may take them.
    assert data[max(ends, default=0) : end].strip(b"\r\n") == b""
    assert end >= max(ends, default=0)
