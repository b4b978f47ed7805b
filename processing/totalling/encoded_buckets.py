"""Rows as numbers in scratch: files written in pieces that each hold all buckets one after another."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from processing.checkpoints.checkpoint import Snapshot, State, fresh_path
from processing.reading.kernel import FORMS, Columns

_ROWS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one writing added to a file."""

    offset: int
    form: int  # place in FORMS
    first_day: int  # that the days count from
    ends: npt.NDArray[np.uint32]  # for each bucket the number of rows up to and with it


@dataclass(slots=True)
class _Segment:
    """One file and what it holds."""

    path: Path
    size: int = 0
    pieces: list[_Piece] = field(default_factory=list)
    index: Path | None = None  # where the places of the pieces lie, once no more are written

    @contextmanager
    def opened(self) -> Iterator[int]:
        """The file, for reading."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def seal(self) -> None:
        """Write down where the pieces lie."""
        self.index = fresh_path(self.path.parent, "index", ".npy")
        places = np.array([(piece.offset, piece.form, piece.first_day) for piece in self.pieces], np.int64)
        with self.index.open("xb") as file:
            np.save(file, places)
            np.save(file, np.array([piece.ends for piece in self.pieces]))

    @classmethod
    def sealed(cls, path: Path, index: Path, buckets: int) -> _Segment:
        """The file that was sealed."""
        with index.open("rb") as file:
            places, ends = (np.load(file, allow_pickle=False) for _ in range(2))
        if ends.shape != (len(places), buckets):
            raise ValueError("other buckets were kept")
        pieces = [
            _Piece(offset, form, first_day, some)
            for (offset, form, first_day), some in zip(places.tolist(), ends, strict=True)
        ]
        return cls(path, pieces=pieces, index=index)


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
    """The buckets of one run; appending is safe from several threads.

    One file as a rule. For checkpoints the rows last: keep() finishes the file, and later rows go into a new one.
    """

    def __init__(self, folder: Path, buckets: int, *, lasts: bool = False) -> None:
        self.rows = np.zeros(buckets, np.int64)
        self._folder = folder
        self._lasts = lasts
        self._segments: list[_Segment] = []
        self._lock = threading.Lock()
        self._file = -1  # of the last segment, while it is written

    def append(self, columns: Columns) -> None:
        """Write the rows and clear the columns; raises OSError, as on a full disk."""
        if not columns.rows:
            return
        packed = columns.pack(len(self.rows))
        with self._lock:
            if self._file < 0:
                self._begin_segment()
            segment = self._segments[-1]
            offset = segment.size
            segment.size += len(packed.data)
        _write_all(self._file, packed.data, offset)
        piece = _Piece(offset, packed.form, packed.first_day, packed.ends.astype(np.uint32))
        with self._lock:
            segment.pieces.append(piece)
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
        for segment in self._segments:
            with segment.opened() as file:
                for piece in segment.pieces:
                    start += self._fill(file, rows, start, piece, bucket)
        return rows

    def read_in_pieces(self, bucket: int) -> Iterator[NumberedRows]:
        """The rows of a bucket too big for memory, a bounded number at a time."""
        for segment in self._segments:
            with segment.opened() as file:
                for piece in segment.pieces:
                    first, last = self._range(piece, bucket)
                    for start in range(first, last, _ROWS_AT_ONCE):
                        rows = NumberedRows.empty(min(last - start, _ROWS_AT_ONCE))
                        self._fill_from(file, rows, 0, piece, start, start + len(rows.song))
                        yield rows

    def snapshot(self) -> Snapshot:
        """All rows so far, for resume(); no thread may be appending."""
        self._end_segment()
        for segment in self._segments:
            if segment.index is None:
                segment.seal()
        files = [(segment.path, segment.index) for segment in self._segments if segment.index is not None]
        names = [[path.name, index.name] for path, index in files]
        return Snapshot({"segments": names}, tuple(path for pair in files for path in pair))

    def resume(self, state: State) -> None:
        """Hold the rows that were kept."""
        for path, index in state["segments"]:
            segment = _Segment.sealed(self._folder / path, self._folder / index, len(self.rows))
            self._segments.append(segment)
            for piece in segment.pieces:
                self.rows += np.diff(piece.ends, prepend=np.uint32(0)).astype(np.int64)

    def close(self) -> None:
        """Give the files back, and their bytes unless they last."""
        self._end_segment()
        if not self._lasts:
            for segment in self._segments:
                segment.path.unlink(missing_ok=True)

    def _begin_segment(self) -> None:
        path = fresh_path(self._folder, "numbered", ".rows")
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._segments.append(_Segment(path))

    def _end_segment(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @staticmethod
    def _range(piece: _Piece, bucket: int) -> tuple[int, int]:
        return int(piece.ends[bucket - 1]) if bucket else 0, int(piece.ends[bucket])

    def _fill(self, file: int, rows: NumberedRows, at: int, piece: _Piece, bucket: int) -> int:
        first, last = self._range(piece, bucket)
        if last > first:
            self._fill_from(file, rows, at, piece, first, last)
        return last - first

    @staticmethod
    def _fill_from(file: int, rows: NumberedRows, at: int, piece: _Piece, first: int, last: int) -> None:
        form = FORMS[piece.form]
        data = os.pread(file, (last - first) * form.itemsize, piece.offset + first * form.itemsize)
        found = np.frombuffer(data, form)
        end = at + len(found)
        rows.song[at:end] = found["song"]
        np.add(found["day"], piece.first_day, out=rows.day[at:end], dtype=np.int32, casting="unsafe")
        rows.plays[at:end] = found["plays"]


def _write_all(file: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
