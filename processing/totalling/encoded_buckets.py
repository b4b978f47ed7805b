"""Buckets of dictionary-encoded rows in scratch: files of pieces, each of which holds all buckets in order."""

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
from processing.reading.kernel import ROW_FORMATS, Columns

_ROWS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one write added to a file."""

    offset: int
    format: int  # index in ROW_FORMATS
    first_day: int  # from which the days count
    ends: npt.NDArray[np.uint32]  # for each bucket the number of rows up to its end


@dataclass(slots=True)
class _Segment:
    """One file and the pieces in it."""

    path: Path
    size: int = 0
    pieces: list[_Piece] = field(default_factory=list)
    index: Path | None = None  # lists the pieces, once no more are written

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Open the file for reading."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def seal(self) -> None:
        """Write the index of the pieces."""
        self.index = fresh_path(self.path.parent, "index", ".npy")
        places = np.array([(piece.offset, piece.format, piece.first_day) for piece in self.pieces], np.int64)
        with self.index.open("xb") as file:
            np.save(file, places)
            np.save(file, np.array([piece.ends for piece in self.pieces]))

    @classmethod
    def sealed(cls, path: Path, index: Path, buckets: int) -> _Segment:
        """Return a segment that was sealed."""
        with index.open("rb") as file:
            places, ends = (np.load(file, allow_pickle=False) for _ in range(2))
        if ends.shape != (len(places), buckets):
            raise ValueError("other buckets were kept")
        pieces = [
            _Piece(offset, row_format, first_day, some)
            for (offset, row_format, first_day), some in zip(places.tolist(), ends, strict=True)
        ]
        return cls(path, pieces=pieces, index=index)


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows with songs as numbers of the song table."""

    song: npt.NDArray[np.uint32]
    day: npt.NDArray[np.int32]
    plays: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, rows: int) -> EncodedRows:
        """Return uninitialized arrays for ``rows`` rows."""
        return cls(np.empty(rows, np.uint32), np.empty(rows, np.int32), np.empty(rows, np.int64))


class EncodedBuckets:
    """The buckets of one run; appending is thread-safe.

    They usually are one file. With ``keeps_files``, for checkpoints, snapshot() finishes the file, and later rows go
    into a new one.
    """

    def __init__(self, folder: Path, buckets: int, *, keeps_files: bool = False) -> None:
        self.rows = np.zeros(buckets, np.int64)
        self._folder = folder
        self._keeps_files = keeps_files
        self._segments: list[_Segment] = []
        self._lock = threading.Lock()
        self._file = -1  # of the last segment, while it is written

    def append(self, columns: Columns) -> None:
        """Write the rows and clear the columns; raise OSError, as on a full disk."""
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
        piece = _Piece(offset, packed.format, packed.first_day, packed.ends.astype(np.uint32))
        with self._lock:
            segment.pieces.append(piece)
            self.rows += np.diff(packed.ends, prepend=np.uint64(0)).astype(np.int64)
        columns.clear()

    @property
    def has_rows(self) -> bool:
        """Whether any bucket holds rows."""
        return bool(self.rows.any())

    def read(self, bucket: int) -> EncodedRows:
        """Return all rows of a bucket."""
        rows = EncodedRows.empty(int(self.rows[bucket]))
        start = 0
        for segment in self._segments:
            with segment.opened() as file:
                for piece in segment.pieces:
                    start += self._fill(file, rows, start, piece, bucket)
        return rows

    def read_in_pieces(self, bucket: int) -> Iterator[EncodedRows]:
        """Yield the rows of a bucket too big for memory, a bounded number at a time."""
        for segment in self._segments:
            with segment.opened() as file:
                for piece in segment.pieces:
                    first, last = self._range(piece, bucket)
                    for start in range(first, last, _ROWS_AT_ONCE):
                        rows = EncodedRows.empty(min(last - start, _ROWS_AT_ONCE))
                        self._fill_from(file, rows, 0, piece, start, start + len(rows.song))
                        yield rows

    def snapshot(self) -> Snapshot:
        """Return all rows so far, for resume(); no thread may be appending."""
        self._end_segment()
        for segment in self._segments:
            if segment.index is None:
                segment.seal()
        files = [(segment.path, segment.index) for segment in self._segments if segment.index is not None]
        names = [[path.name, index.name] for path, index in files]
        return Snapshot({"segments": names}, tuple(path for pair in files for path in pair))

    def resume(self, state: State) -> None:
        """Restore a snapshot."""
        for path, index in state["segments"]:
            segment = _Segment.sealed(self._folder / path, self._folder / index, len(self.rows))
            self._segments.append(segment)
            for piece in segment.pieces:
                self.rows += np.diff(piece.ends, prepend=np.uint32(0)).astype(np.int64)

    def close(self) -> None:
        """Close the files, and remove them unless they are kept."""
        self._end_segment()
        if not self._keeps_files:
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

    def _fill(self, file: int, rows: EncodedRows, at: int, piece: _Piece, bucket: int) -> int:
        first, last = self._range(piece, bucket)
        if last > first:
            self._fill_from(file, rows, at, piece, first, last)
        return last - first

    @staticmethod
    def _fill_from(file: int, rows: EncodedRows, at: int, piece: _Piece, first: int, last: int) -> None:
        dtype = ROW_FORMATS[piece.format]
        data = os.pread(file, (last - first) * dtype.itemsize, piece.offset + first * dtype.itemsize)
        found = np.frombuffer(data, dtype)
        end = at + len(found)
        rows.song[at:end] = found["song"]
        np.add(found["day"], piece.first_day, out=rows.day[at:end], dtype=np.int32, casting="unsafe")
        rows.plays[at:end] = found["plays"]


def _write_all(file: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
