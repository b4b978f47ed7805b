"""The same table, written, packed, cut or shuffled in another way, gives the same bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.option_words import BadRows
from processing.options import Options
from tests.examples import examples
from tests.processing.oracle import Row
from tests.processing.source.test_decompression import PACK
from tests.processing.ways import result_of, same_both_ways

SONGS = [
    "Umbrella",
    "In The End",
    "Für Elise",
    'The "Real" One',
    "Don't",
    "a,b;c\td|e",
    " lead",
    "NA",
    "1999",
    "œuvre",
    "€",
]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(SONGS),
        st.dates(date(2019, 1, 1), date(2024, 12, 31)),
        st.one_of(st.integers(0, 999), st.integers(0, 2**62)),
    ),
    min_size=1,
    max_size=40,
)
FEW = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
DATES = {"iso": "%Y-%m-%d", "time": "%Y-%m-%dT10:15:00Z", "compact": "%Y%m%d", "dots": "%d.%m.%Y", "names": "%d %B %Y"}
# A day above 12 in each, so that the file decides which of day and month comes first.
SURE: Row = ("Umbrella", date(2024, 1, 31), 7)


def table(
    rows: list[Row], *, delimiter: str = ",", end: str = "\n", dates: str = "iso", quote_all: bool = False
) -> str:
    """The rows as people's programs write them, each field that needs it in quotes."""

    def field(text: str) -> str:
        needs = quote_all or text.startswith((" ", "'", '"')) or set(text) & set(delimiter + '"\r\n')
        return '"' + text.replace('"', '""') + '"' if needs else text

    lines = [("Song", "Date", "Number of Plays")]
    lines += [(song, f"{day:{DATES[dates]}}", str(plays)) for song, day, plays in rows]
    return "".join(delimiter.join(map(field, line)) + end for line in lines)


def totals(data: bytes, **options: int) -> bytes:
    """The text of all parts, by the kernel and by Arrow alike."""
    found = same_both_ways(data, Options(**options))
    assert found.refusal is None, found.refusal
    return found.text


@FEW
@given(
    rows=ROWS,
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    dates=st.sampled_from(list(DATES)),
    quote_all=st.booleans(),
)
def test_another_delimiter_record_end_date_style_or_quoting(
    rows: list[Row], delimiter: str, end: str, dates: str, quote_all: bool
) -> None:
    rows = [SURE, *rows]
    other = table(rows, delimiter=delimiter, end=end, dates=dates, quote_all=quote_all).encode()
    assert totals(other) == totals(table(rows).encode())


@FEW
@given(
    rows=ROWS,
    encoding=st.sampled_from(["utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
    compression=st.sampled_from([None, *PACK]),
    block_bytes=st.integers(20, 2000),
)
def test_another_encoding_and_compression_in_other_blocks(
    rows: list[Row], encoding: str, compression: str | None, block_bytes: int
) -> None:
    # A letter that is one byte in cp1252 and no UTF-8.
    text = table([("Für Elise", date(2024, 1, 31), 7), *rows])
    data = text.encode(encoding) if encoding != "utf-16-be" else b"\xfe\xff" + text.encode(encoding)
    packed = PACK[compression](data) if compression else data
    assert totals(packed, block_bytes=block_bytes) == totals(text.encode())


@FEW
@given(rows=ROWS, seed=st.integers(0, 1 << 30), block_bytes=st.integers(20, 500), threads=st.integers(1, 3))
def test_another_order_of_rows_in_other_blocks(rows: list[Row], seed: int, block_bytes: int, threads: int) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert totals(table(shuffled).encode(), block_bytes=block_bytes, threads=threads) == totals(table(rows).encode())


@pytest.mark.parametrize("kind", ["repeated header", "footer", "bad rows", "blank lines"])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_what_stands_between_the_rows_is_told_with_the_same_lines_wherever_blocks_are_cut(
    kind: str, compression: str | None
) -> None:
    rows = table([("Umbrella", date(2024, 1, day), day) for day in range(1, 29)])
    between = {
        "repeated header": "Song,Date,Number of Plays\n",
        "footer": "",
        "bad rows": 'Halo,x,1\n"open,2024-01-01,2\n',
        "blank lines": "\n\r\n\n",
    }[kind]
    lines = rows.splitlines(keepends=True)
    text = "".join(line + between * (number % 3 == 1) for number, line in enumerate(lines))
    text += "Total,2024-12-31,406\n" if kind == "footer" else ""
    data = PACK[compression](text.encode()) if compression else text.encode()
    options = Options(bad_rows=BadRows.SKIP, block_bytes=1 << 20)
    whole = result_of(data, options)
    assert whole.counts[1] == 28
    for block_bytes in (16, 50, 333):
        for use_kernel in (True, False):
            assert result_of(data, replace(options, block_bytes=block_bytes, use_kernel=use_kernel)) == whole
