"""Part files: totals as CSV, with a header in each, none above the limit, each whole or absent."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from common.direct_io import DirectBuffer, DirectFile
from processing.arrays import text_scalar, to_arrow, to_numpy
from processing.columns import OUTPUT_COLUMNS
from processing.errors import RefusedError
from processing.result import PartFile
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


class PartWriter:
    """Packs CSV rows into part-00001.csv and so on, in the order in which they are added.

    A context manager, which removes an unfinished part on exit.
    """

    def __init__(self, folder: Path, max_bytes: int, parts: tuple[PartFile, ...] = ()) -> None:
        """``parts``: finished ones that are already in the folder."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._file: DirectFile | None = None
        self._buffer = DirectBuffer()
        self._digest = hashlib.sha256()
        self._rows = self._bytes = 0
        self.parts = list(parts)

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file.path.unlink(missing_ok=True)
            self._file = None

    def append(self, text: memoryview, rows: int) -> None:
        """Add whole CSV rows, each with a line end before it.

        Raises:
            RefusedError: a single row does not fit into a part.
        """
        while text:
            # The header and the last line end take room too.
            room = self._max_bytes - 1 - (self._bytes if self._file else len(HEADER))
            if len(text) <= room:
                self._write_rows(text, rows)
                return
            end, taken = _rows_within(text, room)
            if taken:
                self._write_rows(text[:end], taken)
                text, rows = text[end:], rows - taken
            elif self._file is None:
                raise RefusedError(
                    "row_too_long",
                    f"A song's name is so long that its row does not fit into a file of {self._max_bytes:,} bytes.",
                )
            self._finish_part()

    def finish(self) -> tuple[PartFile, ...]:
        """Finish the last part and return all; without any rows there is still one part, with a header."""
        if self._file is not None or not self.parts:
            self._write_rows(memoryview(b""), 0)
            self._finish_part()
        return tuple(self.parts)

    def _write_rows(self, text: memoryview, rows: int) -> None:
        if self._file is None:
            self._file = DirectFile(self._folder / f"part-{len(self.parts) + 1:05d}.csv", self._buffer)
            self._write_bytes(memoryview(HEADER))
        self._write_bytes(text)
        self._rows += rows

    def _write_bytes(self, text: memoryview) -> None:
        assert self._file is not None
        self._digest.update(text)
        self._bytes += len(text)
        self._file.write(text)

    def _finish_part(self) -> None:
        if self._file is None:
            return
        self._write_bytes(memoryview(b"\n"))
        self._file.finish()
        self.parts.append(PartFile(self._file.path.name, self._rows, self._bytes, self._digest.hexdigest()))
        self._file, self._digest = None, hashlib.sha256()
        self._rows = self._bytes = 0


def without_rows(text: memoryview, rows: int) -> memoryview:
    """Return CSV rows, each with a line end before it, without the first ``rows`` ones, which must not be all."""
    return text[int(_row_starts(text)[rows]) :]


def _row_starts(text: memoryview) -> npt.NDArray[np.intp]:
    """Return where rows begin with a line end; counting quotes, which are balanced here, tells these from songs'."""
    window = np.frombuffer(text, np.uint8)
    starts = np.flatnonzero(window == ord("\n"))
    quotes = np.flatnonzero(window == ord('"'))
    return starts[np.searchsorted(quotes, starts) % 2 == 0] if len(quotes) else starts


def _rows_within(text: memoryview, room: int) -> tuple[int, int]:
    """Return the end of the last whole row within ``room`` bytes (less than the text has) and the number of rows."""
    starts = _row_starts(text[: max(room + 1, 0)])  # a row ends at the line end of the next one
    return (int(starts[-1]), len(starts) - 1) if len(starts) else (0, 0)
