"""Rows as numbers in scratch: one file, written in pieces that each hold all buckets one after another."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from processing.kernel import FORMS, Columns

_ROWS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one writing added to the file."""

    offset: int
    form: int  # place in FORMS
    first_day: int  # that the days count from
    ends: npt.NDArray[np.uint32]  # for each bucket the number of rows up to and with it


@dataclass(frozen=True, slots=True)
class NumberedRows:
    """Rows with songs as numbers."""

    song: npt.NDArray[np.uint32]
    day: npt.NDArray[np.int32]
    plays: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, rows: int) -> NumberedRows:
        """Room for so many rows."""
        return cls(np.empty(rows, np.uint32), np.empty(rows, np.int32), np.empty(rows, np.int64))


class NumberedBuckets:
    """The buckets of one run; appending is safe from several threads."""

    def __init__(self, path: Path, buckets: int) -> None:
        self.rows = np.zeros(buckets, np.int64)
        self._pieces: list[_Piece] = []
        self._lock = threading.Lock()
        self._size = 0
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def append(self, columns: Columns) -> None:
        """Write the rows and clear the columns; raises OSError, as on a full disk."""
        if not columns.rows:
            return
        packed = columns.pack(len(self.rows))
        with self._lock:
            offset = self._size
            self._size += len(packed.data)
        _write_all(self._file, packed.data, offset)
        piece = _Piece(offset, packed.form, packed.first_day, packed.ends.astype(np.uint32))
        with self._lock:
            self._pieces.append(piece)
            self.rows += np.diff(packed.ends, prepend=np.uint64(0)).astype(np.int64)
        columns.clear()

    @property
    def has_rows(self) -> bool:
        """Whether any bucket holds rows."""
        return bool(self.rows.any())

    def read(self, bucket: int) -> NumberedRows:
        """All rows of a bucket."""
        rows = NumberedRows.empty(int(self.rows[bucket]))
        start = 0
        for piece in self._pieces:
            start += self._fill(rows, start, piece, bucket)
        return rows

    def read_in_pieces(self, bucket: int) -> Iterator[NumberedRows]:
        """The rows of a bucket too big for memory, a bounded number at a time."""
        for piece in self._pieces:
            first, last = self._range(piece, bucket)
            for start in range(first, last, _ROWS_AT_ONCE):
                rows = NumberedRows.empty(min(last - start, _ROWS_AT_ONCE))
                self._fill_from(rows, 0, piece, start, start + len(rows.song))
                yield rows

    def close(self) -> None:
        """Give the file and its bytes back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._path.unlink(missing_ok=True)

    @staticmethod
    def _range(piece: _Piece, bucket: int) -> tuple[int, int]:
        return int(piece.ends[bucket - 1]) if bucket else 0, int(piece.ends[bucket])

    def _fill(self, rows: NumberedRows, at: int, piece: _Piece, bucket: int) -> int:
        first, last = self._range(piece, bucket)
        if last > first:
            self._fill_from(rows, at, piece, first, last)
        return last - first

    def _fill_from(self, rows: NumberedRows, at: int, piece: _Piece, first: int, last: int) -> None:
        form = FORMS[piece.form]
        data = os.pread(self._file, (last - first) * form.itemsize, piece.offset + first * form.itemsize)
        found = np.frombuffer(data, form)
        end = at + len(found)
        rows.song[at:end] = found["song"]
        np.add(found["day"], piece.first_day, out=rows.day[at:end], dtype=np.int32, casting="unsafe")
        rows.plays[at:end] = found["plays"]


def _write_all(file: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
