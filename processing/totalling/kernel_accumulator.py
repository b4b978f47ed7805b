"""The accumulator for the kernel: songs are numbered as they appear, and rows are numbers from then on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from processing.arrays import to_numpy
from processing.checkpoints.checkpoint import Snapshot, State, files_of
from processing.dialect.footer import names_a_total
from processing.dialect.tokenizer import count_lines
from processing.reading.arrow_reader import BlockReport, exact_sum, read_clean
from processing.reading.bad_row_spool import BadRowList
from processing.reading.blocks import Span
from processing.reading.kernel import SONGS, Columns, SongNames, SongTable
from processing.reading.record_boundaries import is_well_quoted
from processing.reading.slow_path import OddRows
from processing.totalling.accumulator import RunInput, Source
from processing.totalling.arrow_buckets import Buckets
from processing.totalling.encoded_buckets import EncodedBuckets
from processing.totalling.encoded_totals import EncodedSources
from processing.totalling.running_totals import Grid
from processing.totalling.song_dictionary import SongFiles

_COLUMN_ROWS = 1 << 19  # of one thread; many, so that the share of each bucket is worth a read
_ENOUGH_ROWS = _COLUMN_ROWS * 3 // 4


class KernelAccumulator:
    """The rows of one run; reading is thread-safe."""

    def __init__(self, run_input: RunInput) -> None:
        plan = run_input.plan
        run_input.folder.mkdir(parents=True, exist_ok=True)
        self._input = run_input
        self._reader = run_input.dialect.row_reader()
        self._songs = SongTable(plan.splitters.borders(), plan.table_bytes)
        self._grid = Grid(plan.grid_bytes)
        self._song_files = SongFiles(run_input.folder, SONGS)
        lasts = run_input.keeps_checkpoints
        self._encoded = EncodedBuckets(run_input.folder, plan.splitters.buckets, keeps_files=lasts)
        # Rows of songs for which the table has no room.
        self._texts = Buckets(run_input.folder / "texts", plan.splitters, lasts=lasts)
        self._sources: EncodedSources | None = None
        self._thread_buffers: list[_ThreadBuffers] = []
        self._lock = threading.Lock()
        self._full = False  # the song table
        self.weight = 0
        self.names_a_total = False  # in a file of several tables, known after finish()
        self._headers = 0

    def read(self, span: Span, spool: Path | None) -> BlockReport:
        """Read a block and keep its rows."""
        with self._buffers() as buffers, BadRowList(spool) as bad:
            data = buffers.load(self._input.source, span)
            odd = OddRows(data, self._input.dialect, bad, self._reader, footer=span.footer)
            if span.footer:
                odd.judge(0, len(data))
                read = _Amount(lines=count_lines(bytes(data)), bytes=len(data))
            else:
                read = self._read_numbers(buffers.columns, data, odd)
            if read.bytes < len(data):
                read += self._read_texts(data, read, span, odd)
            if odd.songs:
                found = odd.rows()
                self._store_odd(buffers.columns, found)
                read += _Amount(len(found), exact_sum(to_numpy(found.column(2))))
        self._headers += odd.headers
        return BlockReport(span, read.rows, read.plays, bad, read.lines, odd.doubt)

    def finish(self) -> None:
        """Finish after the last block; if rows went into buckets, the running totals follow them."""
        self._flush()
        names = self._songs.export()
        self._songs.close()
        if self._texts.has_rows or self._encoded.has_rows:
            columns = Columns(_COLUMN_ROWS)
            for song, day, plays in self._grid.cells():
                for start in range(0, len(song), _COLUMN_ROWS):
                    some = slice(start, start + _COLUMN_ROWS)
                    columns.append(song[some], names.bucket[song[some]], day[some], plays[some])
                    self._encoded.append(columns)
            self._grid.clear()
        self._texts.close()
        self._thread_buffers.clear()
        self._create_sources(names)
        self.names_a_total = (
            any(map(names_a_total, names.names.cast(pa.binary()).to_pylist())) if self._headers else False
        )

    def close(self) -> None:
        """Release the song table and all files."""
        self._songs.close()
        self._encoded.close()
        self._texts.close()

    def sources(self, first: int = 0) -> Iterator[tuple[int, Source]]:
        """Yield the sources of the totals in the order of songs, each with the number of its bucket."""
        assert self._sources is not None
        if not self._sources.weight:
            yield from self._grid.sources(self._sources.names.names, first)
        yield from self._sources.from_bucket(first)

    def snapshot(self, first: int = 0) -> Snapshot:
        """Return all rows so far."""
        self._flush()
        songs = self._sources.names if self._sources else self._songs.export()
        pieces = {
            "songs": self._song_files.snapshot(songs.to_batch()),
            "grid": self._grid.snapshot(self._input.folder),
            "numbered": self._encoded.snapshot(),
            "texts": self._texts.snapshot(first),
        }
        counts = {"full": self._full, "headers": self._headers, "finished": self._sources is not None}
        return Snapshot(counts | {name: piece.state for name, piece in pieces.items()}, files_of(pieces.values()))

    def resume(self, state: State) -> None:
        """Restore a snapshot."""
        songs = SongNames.of(self._song_files.resume(state["songs"]))
        self._grid.resume(state["grid"], self._input.folder)
        self._encoded.resume(state["numbered"])
        self._texts.resume(state["texts"])
        self._full, self._headers = state["full"], state["headers"]
        if state["finished"]:
            self._songs.close()
            self._create_sources(songs)
        else:
            self._songs.add_all(songs)

    def _flush(self) -> None:
        for buffers in self._thread_buffers:
            self._encoded.append(buffers.columns)

    def _create_sources(self, names: SongNames) -> None:
        """Create the sources from the rows that are here."""
        self._sources = EncodedSources(self._input, names, self._encoded, self._texts)
        self.weight = self._sources.weight or self._grid.totals_count

    def _read_numbers(self, columns: Columns, data: memoryview, odd: OddRows) -> _Amount:
        """Read with the kernel and return the amount, which is not all if the song table is full."""
        read = _Amount()
        while read.bytes < len(data) and not self._full:
            found = columns.read(self._songs, self._input.dialect, data[read.bytes :])
            for start, end, line in found.odd:
                odd.judge_one(read.bytes + start, read.bytes + end, read.lines + line + 1)
            self._full = self._full or found.table_full
            self._store(columns, found.plays)
            read += _Amount(found.rows, found.plays, found.lines, found.consumed)
        return read

    def _read_texts(self, data: memoryview, before: _Amount, span: Span, odd: OddRows) -> _Amount:
        """Read the rest of a block with Arrow and return the amount; leave to ``odd`` what Arrow cannot read."""
        rest = bytes(data[before.bytes :])
        lines = count_lines(rest)
        simple = not span.needs_tokenizer or is_well_quoted(rest, self._input.dialect.syntax)
        rows = read_clean(rest, self._input.dialect, self._reader, quoted=span.quoted, coded=False) if simple else None
        if rows is None:
            odd.judge(before.bytes, len(data), before.lines + 1)
            return _Amount(lines=lines)
        self._texts.append(rows)
        return _Amount(len(rows), exact_sum(to_numpy(rows.column(2))), lines)

    def _store(self, columns: Columns, plays: int) -> None:
        if not columns.rows:
            return
        if self._grid.is_open:
            sums = {"songs": len(self._songs), "plays_sum": plays}
            if self._grid.add(columns.song, columns.day, columns.plays, **sums):
                columns.clear()
                return
        if columns.rows >= _ENOUGH_ROWS:
            self._encoded.append(columns)

    def _store_odd(self, columns: Columns, found: pa.RecordBatch) -> None:
        """Number the songs of rows that Python read; those without room in the table stay text."""
        numbers = [self._songs.add(song) for song in found.column(0).cast(pa.binary()).to_pylist()]
        numbered = [number is not None for number in numbers]
        if not all(numbered):
            self._texts.append(found.filter(pa.array([not one for one in numbered])))
            found = found.filter(pa.array(numbered))
        known = [number for number in numbers if number is not None]
        if columns.rows + len(known) > _ENOUGH_ROWS:
            self._encoded.append(columns)
        for start in range(0, len(known), _ENOUGH_ROWS):
            piece = found.slice(start, _ENOUGH_ROWS)
            song, bucket = zip(*known[start : start + _ENOUGH_ROWS], strict=True)
            plays = to_numpy(piece.column(2))
            columns.append(song, bucket, to_numpy(piece.column(1)), plays)
            self._store(columns, exact_sum(columns.plays))

    @contextmanager
    def _buffers(self) -> Iterator[_ThreadBuffers]:
        """Provide buffers that no other thread uses meanwhile."""
        with self._lock:
            free = next((one for one in self._thread_buffers if not one.busy), None)
            if free is None:
                free = _ThreadBuffers(self._input.plan.block_bytes)
                self._thread_buffers.append(free)
            free.busy = True
        try:
            yield free
        finally:
            free.busy = False


@dataclass(frozen=True, slots=True)
class _Amount:
    """How much was read."""

    rows: int = 0
    plays: int = 0
    lines: int = 0
    bytes: int = 0

    def __add__(self, more: _Amount) -> _Amount:
        return _Amount(self.rows + more.rows, self.plays + more.plays, self.lines + more.lines, self.bytes + more.bytes)


class _ThreadBuffers:
    """Buffers of one thread, reused since fresh memory for each block would cost as much as parsing it."""

    def __init__(self, block_bytes: int) -> None:
        self.busy = False
        self.columns = Columns(_COLUMN_ROWS)
        self._buffer = bytearray(block_bytes)

    def load(self, source: Path, span: Span) -> memoryview:
        """Return the text of a span, valid until the next call; raise OSError if the file has become shorter."""
        if span.data is not None:
            return memoryview(span.data)
        size = span.end - span.start
        if size > len(self._buffer):
            self._buffer = bytearray(size)
        room = memoryview(self._buffer)[:size]
        descriptor = os.open(source, os.O_RDONLY)
        try:
            done = 0
            while done < size:
                got = os.preadv(descriptor, [room[done:]], span.start + done)
                if not got:
                    raise OSError("the file became shorter while it was read")
                done += got
        finally:
            os.close(descriptor)
        return room
