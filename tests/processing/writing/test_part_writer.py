"""Part files: none above the limit, each as full as it can be, each a CSV of its own."""

from __future__ import annotations

import csv
import hashlib
import tempfile
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from processing.errors import RefusedError
from processing.result import PartFile
from processing.totalling.aggregate import Totals
from processing.writing.csv_format import format_totals
from processing.writing.formats import CSV, FORMATS
from processing.writing.part_writer import PartWriter
from tests.processing.ways import IN_MEMORY

NAMES = ["\n", "\n\n\n", '"', '"\n"', '12" mix', "A", "In, The End", "Two\nLines", "Umbrella", "夜に駆ける"]
DAYS = 3
ROWS = [(song, f"2020-01-0{day + 1}", 10**day) for song in NAMES for day in range(DAYS)]


def totals() -> Totals:
    """DAYS totals of each song, in order."""
    song = np.repeat(np.arange(len(NAMES), dtype=np.int32), DAYS)
    day = np.tile(np.arange(DAYS, dtype=np.int32) + np.datetime64("2020-01-01").astype(np.int32), len(NAMES))
    return Totals(pa.array(NAMES), song, day, pa.array([10 ** (n % DAYS) for n in range(len(song))]))


def row_texts() -> list[bytes]:
    """The rows as they should be written, each with a line end before it."""
    texts = []
    for song, day, plays in ROWS:
        quoted = '"' + song.replace('"', '""') + '"' if set(song) & set('",\n') else song
        texts.append(f"\n{quoted},{day},{plays}".encode())
    return texts


def write(folder: Path, texts: list[bytes], limit: int, rows_at_once: int) -> tuple[PartFile, ...]:
    folder.mkdir()
    with PartWriter(folder, CSV, limit) as writer:
        for start in range(0, len(texts), rows_at_once):
            piece = texts[start : start + rows_at_once]
            writer.append(memoryview(b"".join(piece)), len(piece))
        return writer.finish()


def test_rows_are_quoted_where_a_reader_needs_it() -> None:
    assert bytes(memoryview(format_totals(totals()))) == b"".join(row_texts())


@pytest.mark.parametrize("rows_at_once", [1, 4, len(ROWS)])
def test_at_every_limit_each_part_takes_all_the_rows_that_fit_and_none_more(rows_at_once: int) -> None:
    texts = row_texts()
    least = len(CSV.header) + max(map(len, texts)) + 1
    everything = len(CSV.header) + sum(map(len, texts)) + 1
    for limit in range(least, everything + 2):
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            parts = write(Path(folder) / "out", texts, limit, rows_at_once)
        assert [part.rows for part in parts] == greedily(texts, limit)
        assert (len(parts) == 1) == (limit >= everything)
        assert max(part.bytes for part in parts) <= limit


def greedily(texts: list[bytes], limit: int) -> list[int]:
    """How many rows each part takes if it takes as many as fit."""
    counts = []
    while texts:
        sizes = list(accumulate(map(len, texts), initial=len(CSV.header) + 1))
        counts.append(sum(size <= limit for size in sizes) - 1)
        texts = texts[counts[-1] :]
    return counts


@pytest.mark.parametrize("limit", [80, 100, 137, 250])
def test_each_part_is_a_csv_of_its_own_with_header_rows_and_sum_as_reported(tmp_path: Path, limit: int) -> None:
    parts = write(tmp_path / "out", row_texts(), limit, len(ROWS))
    assert [part.name for part in parts] == [f"part-{n:05d}.csv" for n in range(1, len(parts) + 1)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [part.name for part in parts]
    found = []
    for part in parts:
        data = (tmp_path / "out" / part.name).read_bytes()
        assert part.media_type == "text/csv"
        assert (part.bytes, part.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        header, *rows = list(csv.reader(data.decode().splitlines(keepends=True)))
        assert header == ["Song", "Date", "Total Number of Plays for Date"]
        assert part.rows == len(rows)
        assert data.endswith(b"\n")
        found += [(song, day, int(plays)) for song, day, plays in rows]
    assert found == ROWS


def test_a_newline_inside_a_song_at_the_border_is_no_place_to_cut(tmp_path: Path) -> None:
    first, second = b"\nA,2020-01-01,1", b'\n"Two\nLines",2020-01-01,1'
    for room in range(len(second)):  # the limit falls on each byte of the second row
        limit = len(CSV.header) + len(first) + 1 + room
        if limit >= len(CSV.header) + len(second) + 1:
            parts = write(tmp_path / str(room), [first, second], limit, 2)
            assert [(tmp_path / str(room) / part.name).read_bytes() for part in parts] == [
                CSV.header + first + b"\n",
                CSV.header + second + b"\n",
            ]


def test_without_rows_there_is_one_part_with_a_header(tmp_path: Path) -> None:
    (part,) = write(tmp_path / "out", [], 200, 1)
    assert (tmp_path / "out" / part.name).read_bytes() == CSV.header + b"\n"
    assert (part.rows, part.bytes) == (0, len(CSV.header) + 1)


def test_a_row_longer_than_a_part_is_refused_and_leaves_the_parts_before_it_whole(tmp_path: Path) -> None:
    texts = [b"\nA,2020-01-01,1", b"\n" + b"x" * 90 + b",2020-01-01,1"]
    with pytest.raises(RefusedError) as refusal:
        write(tmp_path / "out", texts, 100, 2)
    assert refusal.value.code == "row_too_long"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["part-00001.csv"]


def test_a_part_under_way_is_removed_when_something_goes_wrong(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, CSV, 1000)
    with pytest.raises(RefusedError), writer:
        fill_up(writer)
    assert list(tmp_path.iterdir()) == []


def fill_up(writer: PartWriter) -> None:
    """Begin a part, and meet a fault further up."""
    writer.append(memoryview(b"\nA,2020-01-01,1"), 1)
    raise RefusedError("row_too_long", max_bytes=1000)


def test_each_format_has_a_name_a_suffix_and_a_media_type_of_its_own() -> None:
    for pick in ("name", "suffix", "media_type"):
        assert len({getattr(one, pick) for one in FORMATS.values()}) == len(FORMATS)
    assert all(name == one.name for name, one in FORMATS.items())


class Lines:
    """A format unlike CSV: rows with a mark at their ends, files with a longer header and footer."""

    name, media_type, suffix = "lines", "text/plain", ".txt"
    header, footer = b"<<\n", b">>\n"

    def encode(self, totals: Totals) -> memoryview:
        return memoryview(b"".join(b"%d;" % day for day in totals.day))

    def without_rows(self, chunk: memoryview, rows: int) -> memoryview:
        return memoryview(b";".join(bytes(chunk).split(b";")[rows:]))

    def rows_within(self, chunk: memoryview, room: int) -> tuple[int, int]:
        whole = bytes(chunk[: max(room, 0)])
        return whole.rfind(b";") + 1, whole.count(b";")


def test_a_format_with_other_rows_header_and_footer_needs_no_change_of_the_writer(tmp_path: Path) -> None:
    chunk = Lines().encode(totals())
    with PartWriter(tmp_path, Lines(), 50) as writer:
        writer.append(chunk, len(ROWS))
        parts = writer.finish()
    assert len(parts) > 2
    assert all(part.bytes <= 50 and part.media_type == "text/plain" for part in parts)
    files = [(tmp_path / part.name).read_bytes() for part in parts]
    assert {path.suffix for path in tmp_path.iterdir()} == {".txt"}
    assert all(data.startswith(b"<<\n") and data.endswith(b";>>\n") for data in files)
    assert b"".join(data[3:-3] for data in files) == bytes(chunk)
    assert sum(part.rows for part in parts) == len(ROWS)
