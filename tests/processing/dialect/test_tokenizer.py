"""The tokenizer: records and fields by the book."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.dialect.syntax import Marks
from processing.dialect.tokenizer import MAX_QUOTED_RUN, Tokenizer, count_lines


def fields(data: bytes) -> list[tuple[bytes, ...] | None]:
    return [record.fields for record in Tokenizer().records(data)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n", [(b"a", b"b")]),
        (b"a,b\r\nc,d", [(b"a", b"b"), (b"c", b"d")]),
        (b"a,b\rc,d\r", [(b"a", b"b"), (b"c", b"d")]),
        (b"\n\r\n\ra,b\n\n", [(b"a", b"b")]),
        (b'"a,b","c""d"\n', [(b"a,b", b'c"d')]),
        (b'"a\nb\r\nc",d\n', [(b"a\nb\r\nc", b"d")]),
        (b'12" mix,b\n', [(b'12" mix', b"b")]),
        (b'""\n', [(b"",)]),
        (b",\n", [(b"", b"")]),
        (b' "a",b\n', [(b' "a"', b"b")]),
        (b'"a"b,c\nd,e\n', [None, (b"d", b"e")]),
        (b'"open,b\nc,d\n', [None, (b"c", b"d")]),
        (b'a,"open\n"c",d\n', [None, (b"c", b"d")]),
        (b"", []),
    ],
)
def test_records_are_cut_as_people_mean_them(data: bytes, expected: list[tuple[bytes, ...] | None]) -> None:
    assert fields(data) == expected


def test_a_quote_that_never_closes_costs_its_own_line_only() -> None:
    rows = b"".join(b"song %d,x\n" % n for n in range(MAX_QUOTED_RUN // 8))
    found = fields(b'"open,x\n' + rows)
    assert found[0] is None
    assert len(found) == MAX_QUOTED_RUN // 8 + 1


@given(
    st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r", b'""', b"\r\n", b'"x"']), max_size=30), st.integers(0, 60)
)
def test_a_record_given_before_the_end_is_the_same_once_all_bytes_are_there(pieces: list[bytes], cut: int) -> None:
    data = b"".join(pieces)
    whole = list(Tokenizer().records(data))
    early = list(Tokenizer().records(data[:cut], at_end=False))
    assert early == whole[: len(early)]


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n"]), max_size=30))
def test_line_ends_are_counted_as_an_editor_counts_them(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert count_lines(data) == len((data + b"x").splitlines()) - 1


@pytest.mark.parametrize(
    ("marks", "data", "expected"),
    [
        (Marks(";", "'"), b"'a;b';'it''s'\n\"c\";d\n", [(b"a;b", b"it's"), (b'"c"', b"d")]),
        (Marks("\t", ""), b'"a\tb"\n', [(b'"a', b'b"')]),
        (Marks(escape=True), b'"say \\"hi\\"",a\\,b\n"c\\\\",d\\\ne\n', [(b'say "hi"', b"a,b"), (b"c\\", b"d\ne")]),
        (Marks(escape=True), b'"a""b",AC\\DC\n', [(b'a"b', b"AC\\DC")]),
        (Marks(skips_blanks=True), b'a,  "b, c", d \n', [(b"a", b"b, c", b"d ")]),
        (Marks("\t", skips_blanks=True), b"a\t\t b\n", [(b"a", b"", b"b")]),
        (Marks("|", strips_blanks=True), b' a  | "b | c" |  d e \n|x\n', [(b"a", b"b | c", b"d e"), (b"", b"x")]),
    ],
)
def test_other_marks_cut_as_they_say(marks: Marks, data: bytes, expected: list[tuple[bytes, ...]]) -> None:
    assert [record.fields for record in Tokenizer(marks).records(data)] == expected


@given(
    pieces=st.lists(st.sampled_from([b"a", b'"', b"'", b"\\", b"|", b"\n", b"\r", b" ", b"\t", b"\r\n"]), max_size=30),
    cut=st.integers(0, 60),
    marks=st.builds(
        Marks,
        st.sampled_from("|\t"),
        st.sampled_from(['"', "'", ""]),
        escape=st.booleans(),
        skips_blanks=st.booleans(),
        strips_blanks=st.booleans(),
    ),
)
def test_by_any_marks_a_record_given_before_the_end_is_the_same_once_all_bytes_are_there(
    pieces: list[bytes], cut: int, marks: Marks
) -> None:
    data = b"".join(pieces)
    whole = list(Tokenizer(marks).records(data))
    early = list(Tokenizer(marks).records(data[:cut], at_end=False))
    assert early == whole[: len(early)]
