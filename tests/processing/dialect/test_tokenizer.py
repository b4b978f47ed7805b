"""The tokenizer: records and fields by the book."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.dialect.syntax import BACKSLASH, Syntax
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
    ("syntax", "data", "expected"),
    [
        (Syntax(";", "'"), b"'a;b';'it''s'\n\"c\";d\n", [(b"a;b", b"it's"), (b'"c"', b"d")]),
        (Syntax("\t", ""), b'"a\tb"\n', [(b'"a', b'b"')]),
        (
            Syntax(escapechar=BACKSLASH),
            b'"say \\"hi\\"",a\\,b\n"c\\\\",d\\\ne\n',
            [(b'say "hi"', b"a,b"), (b"c\\", b"d\ne")],
        ),
        (Syntax(escapechar=BACKSLASH), b'"a""b",AC\\DC\n', [(b'a"b', b"AC\\DC")]),
        (Syntax(skipinitialspace=True), b'a,  "b, c", d \n', [(b"a", b"b, c", b"d ")]),
        (Syntax("\t", skipinitialspace=True), b"a\t\t b\n", [(b"a", b"", b"b")]),
        (Syntax("|", strips_spaces=True), b' a  | "b | c" |  d e \n|x\n', [(b"a", b"b | c", b"d e"), (b"", b"x")]),
    ],
)
def test_other_marks_cut_as_they_say(syntax: Syntax, data: bytes, expected: list[tuple[bytes, ...]]) -> None:
    assert [record.fields for record in Tokenizer(syntax).records(data)] == expected


@given(
    pieces=st.lists(st.sampled_from([b"a", b'"', b"'", b"\\", b"|", b"\n", b"\r", b" ", b"\t", b"\r\n"]), max_size=30),
    cut=st.integers(0, 60),
    syntax=st.builds(
        Syntax,
        st.sampled_from("|\t"),
        st.sampled_from(['"', "'", ""]),
        escapechar=st.sampled_from(["", BACKSLASH]),
        skipinitialspace=st.booleans(),
        strips_spaces=st.booleans(),
    ),
)
def test_by_any_marks_a_record_given_before_the_end_is_the_same_once_all_bytes_are_there(
    pieces: list[bytes], cut: int, syntax: Syntax
) -> None:
    data = b"".join(pieces)
    whole = list(Tokenizer(syntax).records(data))
    early = list(Tokenizer(syntax).records(data[:cut], at_end=False))
    assert early == whole[: len(early)]
