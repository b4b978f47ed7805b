"""Totals as CSV: a header, and a row for each total, with line ends between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from processing.arrays import text_scalar, to_arrow, to_numpy
from processing.columns import OUTPUT_COLUMNS
from processing.totalling.aggregate import Totals

# Most totals are small, and looking up their digits takes a quarter of the time of formatting them.
_SMALL = to_arrow(np.arange(1 << 16)).cast(pa.string())
_LINE_END, _COMMA, _QUOTE, _NOTHING = map(text_scalar, ("\n", ",", '"', ""))
HEADER = ",".join(OUTPUT_COLUMNS).encode()


def format_totals(totals: Totals) -> pa.Buffer:
    """Return the totals as CSV rows, each with a line end before it.

    All pieces of text that rows consist of are in one array, each once: the names, the days, the numbers. One gather of
    three pieces for each row then concatenates the text of all rows, without a join. Song names are quoted once for
    each name, not for each row.
    """
    names = pc.binary_join_element_wise(_LINE_END, _quoted(totals.names), _COMMA, _NOTHING)
    days, day = _dates(totals.day)
    digits, number = _digits(totals.plays)
    pieces = np.empty((totals.rows, 3), np.int32)
    pieces[:, 0] = totals.song
    np.add(day, len(names), out=pieces[:, 1])
    np.add(number, len(names) + len(days), out=pieces[:, 2], casting="unsafe")
    # Large offsets: all pieces together may exceed 2 GB.
    texts = pa.concat_arrays([one.cast(pa.large_string()) for one in (names, days, digits)])
    gathered = pc.take(texts, to_arrow(pieces.ravel()), boundscheck=False)
    return gathered.buffers()[2]


def _quoted(names: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(names, '[",\r\n]')
    if not pc.any(special).as_py():
        return names
    doubled = pc.binary_join_element_wise(_QUOTE, pc.replace_substring(names, '"', '""'), _QUOTE, _NOTHING)
    return pc.if_else(special, doubled, names)


def _digits(plays: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return the texts of numbers, and for each total the index of its text."""
    if plays.type == pa.int64():
        numbers = to_numpy(plays)
        most = int(numbers.max())
        if most < len(_SMALL) and int(numbers.min()) >= 0:
            return _SMALL.slice(0, most + 1), numbers
    return plays.cast(pa.string()), np.arange(len(plays))


def _dates(day: npt.NDArray[np.int32]) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """Return the texts of days, each with a comma after it, and for each total the index of its text."""
    first, last = int(day.min()), int(day.max())
    if last - first >= len(day):
        different, index = np.unique(day, return_inverse=True)
    else:
        different, index = np.arange(first, last + 1, dtype=np.int32), day - np.int32(first)
    texts = to_arrow(different).view(pa.date32()).cast(pa.string())
    return pc.binary_join_element_wise(texts, _COMMA, _NOTHING), index.astype(np.int32, copy=False)


class CsvFormat:
    """CSV in UTF-8 with line feeds, quoted only if necessary (see docs/files.md)."""

    name = "csv"
    media_type = "text/csv"
    suffix = ".csv"
    header = ",".join(OUTPUT_COLUMNS).encode()
    footer = b"\n"  # each row has its line end before it, since that is what a gather of pieces gives

    def encode(self, totals: Totals) -> memoryview:
        """Return the rows of some totals; safe from several threads."""
        return memoryview(format_totals(totals))

    def without_rows(self, chunk: memoryview, rows: int) -> memoryview:
        """Return a chunk without its first ``rows``, which must not be all."""
        return chunk[int(_row_starts(chunk)[rows]) :]

    def rows_within(self, chunk: memoryview, room: int) -> tuple[int, int]:
        """Return the end of the last whole row within ``room`` bytes, fewer than the chunk has, and the row count."""
        starts = _row_starts(chunk[: max(room + 1, 0)])  # a row ends at the line end of the next one
        return (int(starts[-1]), len(starts) - 1) if len(starts) else (0, 0)


def _row_starts(text: memoryview) -> npt.NDArray[np.intp]:
    """Return where rows begin with a line end; counting quotes, which are balanced here, tells these from songs'."""
    window = np.frombuffer(text, np.uint8)
    starts = np.flatnonzero(window == ord("\n"))
    quotes = np.flatnonzero(window == ord('"'))
    return starts[np.searchsorted(quotes, starts) % 2 == 0] if len(quotes) else starts
