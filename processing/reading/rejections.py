"""Rejections: the rows left out, with their physical lines, or the reason to refuse the whole file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import astuple
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import IO

from common.option_words import THOUSANDS
from processing.checkpoints.checkpoint import Snapshot, State, fresh_path
from processing.columns import BLANKS, PLAYS
from processing.dialect.dialect import Dialect
from processing.dialect.numbers import TooLargeError, is_grouped, whole_number
from processing.dialect.surprises import end_of_run
from processing.dialect.tokenizer import count_lines
from processing.errors import Choice, Question, RefusedError
from processing.reading.arrow_reader import BlockReport
from processing.reading.bad_row_spool import Fields
from processing.reading.blocks import read_bytes
from processing.result import LISTED_BAD_ROWS, BadRow
from processing.sentences import reason

FILE_NAME = "rejected.csv"
HEADER = ("Line", "Column", "Value", "Reason")
_PIECE = 16 << 20


class Rejections:
    """Writes the bad rows of blocks, added in file order, to FILE_NAME in a folder.

    Without ``keep_all`` it only counts them and lists the first ones. A context manager. The file appears with the
    first bad row; a clean file costs nothing, since lines are counted only up to blocks with bad rows.
    """

    def __init__(self, source: Path, folder: Path, dialect: Dialect, *, keep_all: bool) -> None:
        self._source = source
        self._dialect = dialect
        self._keep_all = keep_all
        self._path = folder / FILE_NAME
        self._file: IO[str] | None = None
        self._counted_to = dialect.first_row  # byte offset in the text
        self._lines = dialect.first_line - 1  # line ends before it
        self.count = 0
        self.listed: list[BadRow] = []

    def __enter__(self) -> Rejections:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish the file and sync it to the disk; nothing may be added afterwards."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def snapshot(self) -> Snapshot:
        """Return all bad rows so far, for resume() or recall()."""
        if self._file is not None:
            self._file.flush()
        files = (self._path,) if self._path.exists() else ()
        listed = [astuple(row) for row in self.listed]
        state = {"count": self.count, "listed": listed, "lines": self._lines, "counted_to": self._counted_to}
        return Snapshot(state | {"bytes": [path.stat().st_size for path in files]}, files)

    def recall(self, state: State) -> None:
        """Restore a snapshot of a run that has read all its blocks."""
        self.count, self.listed = state["count"], [BadRow(*row) for row in state["listed"]]
        self._lines, self._counted_to = state["lines"], state["counted_to"]

    def resume(self, state: State) -> None:
        """Restore a snapshot of a run with blocks left to read.

        Continue in a copy of the file, since the process that wrote the original may still write to it.
        """
        self.recall(state)
        for size in state["bytes"]:
            copy = fresh_path(self._path.parent, "copied", ".csv")
            with self._path.open("rb") as old, copy.open("xb") as new:
                _copy(old, new, size)
                new.flush()
                os.fsync(new.fileno())
            os.replace(copy, self._path)
            self._file = self._path.open("a", encoding="utf-8", newline="")

    def add(self, block: BlockReport) -> None:
        """Add the bad rows of the next block; raise what ends the run if a surprise was found in it."""
        if block.bad.count or block.lines is not None or block.doubt:
            self._count_lines_to(block.span.start)
        if block.doubt:
            raise end_of_run(block.doubt, self._lines + block.doubt.line, self._dialect)
        if block.bad.count:
            before = self._lines
            rows = (
                (before + line, column, value, code, params) for line, column, value, code, params in block.bad.all()
            )
            listed = list(islice(rows, LISTED_BAD_ROWS - len(self.listed)))
            self.count += block.bad.count
            self.listed += [BadRow(*row) for row in listed]
            if self._keep_all:
                self._write(chain(listed, rows))
        if block.lines is not None:
            self._lines += block.lines
            self._counted_to = block.span.end

    def refusal(self, rows: int) -> RefusedError:
        """Return the refusal of the whole file for its bad rows; ``rows`` counts all rows."""
        first = self.listed[0]
        refusal = RefusedError(
            "bad_rows" if self.count > 1 else "bad_rows.one" if rows > 1 else "bad_rows.only",
            line=first.line,
            column=first.column,
            value=first.value,
            bad_rows=self.count,
            question=self._thousands_question(),
            rows=rows,
            reason=first.code,
            **first.params,
        )
        refusal.rejected = tuple(self.listed)
        return refusal

    def _thousands_question(self) -> Question | None:
        """Return the question whether bad numbers have thousands separators, if all have the same one."""
        numbers = [row.value for row in self.listed if row.column == PLAYS]
        separators = {mark for number in numbers for mark in THOUSANDS.values() if mark and is_grouped(number, mark)}
        if self._dialect.thousands or len(separators) != 1:
            return None
        mark = separators.pop()
        word = next(word for word, one in THOUSANDS.items() if one == mark)
        whole = ((text.strip(BLANKS), _whole_number(text, mark)) for text in numbers)
        written, number = next(((text, one) for text, one in whole if one), (mark.join(("1", "234")), 1234))
        return Question(("thousands",), (Choice(word, "thousands", {"written": written, "number": number}),))

    def _write(self, rows: Iterable[Fields]) -> None:
        if self._file is None:
            self._file = self._path.open("x", encoding="utf-8", newline="")
            csv.writer(self._file, lineterminator="\n").writerow(HEADER)
        plain = csv.writer(self._file, lineterminator="\n")
        quoted = csv.writer(self._file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for line, column, value, code, params in rows:
            # The plain writer would not quote a CR, which ends a line for other programs.
            (quoted if "\r" in value else plain).writerow((line, column, value, reason(code, column, value, params)))

    def _count_lines_to(self, offset: int) -> None:
        while self._counted_to < offset:
            piece = read_bytes(self._source, self._counted_to, min(self._counted_to + _PIECE, offset))
            self._lines += count_lines(piece)
            # A piece that ends between CR and LF would count that line end twice.
            if piece.endswith(b"\r") and self._counted_to + len(piece) < offset:
                self._lines -= 1
                self._counted_to -= 1
            self._counted_to += len(piece)


def _whole_number(text: str, mark: str) -> int | None:
    try:
        return whole_number(text, mark)
    except TooLargeError:
        return None


def _copy(old: IO[bytes], new: IO[bytes], size: int) -> None:
    """Copy the first ``size`` bytes of a file."""
    while size:
        piece = old.read(min(size, _PIECE))
        if not piece:
            raise ValueError("rows that were left out are missing")
        new.write(piece)
        size -= len(piece)
