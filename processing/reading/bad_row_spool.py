"""The spool of a block's bad rows: the first ones in memory, the others in a file, so that memory is bounded."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from processing.result import LISTED_BAD_ROWS

# The fields of result.BadRow: there can be millions, and a plain tuple is created five times faster.
Fields = tuple[int, str, str, str, dict[str, Any]]

_KEPT = 4096


class BadRowList:
    """Bad rows in file order. A context manager, which finishes the file on exit.

    Without a path only the first LISTED_BAD_ROWS are kept, and the others are only counted.
    """

    def __init__(self, path: Path | None) -> None:
        self.count = 0
        self._first: list[Fields] = []
        self._room = LISTED_BAD_ROWS if path is None else _KEPT
        self._path = path
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> BadRowList:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Fields) -> None:
        """Add the next bad row."""
        self.count += 1
        if self.count <= self._room:
            self._first.append(row)
        elif self._path is not None:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="")
                self._writer = csv.writer(self._file)
            *place, params = row
            self._writer.writerow((*place, _text_of(tuple(params.items())) if params else ""))

    def all(self) -> Iterator[Fields]:
        """Yield every bad row that was kept, then remove the file."""
        yield from self._first
        if self._file is None or self._path is None:
            return
        with self._path.open(encoding="utf-8", newline="") as file:
            for line, column, value, code, params in csv.reader(file):
                yield int(line), column, value, code, _params_in(params) if params else {}
        self._path.unlink()


@lru_cache(1 << 10)
def _text_of(params: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(dict(params))


@lru_cache(1 << 10)
def _params_in(text: str) -> dict[str, Any]:
    params: dict[str, Any] = json.loads(text)
    return params
