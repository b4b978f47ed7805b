"""Part files: chunks of encoded totals in files of a bounded size, each whole or absent."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType

from common.direct_io import DirectBuffer, DirectFile
from processing.errors import RefusedError
from processing.result import PartFile
from processing.writing.formats import OutputFormat


class PartWriter:
    """Packs encoded totals into part-00001 and so on, in the order in which they are added.

    A context manager, which removes an unfinished part on exit.
    """

    def __init__(
        self, folder: Path, output_format: OutputFormat, max_bytes: int, parts: tuple[PartFile, ...] = ()
    ) -> None:
        """``parts``: finished ones that are already in the folder."""
        self._folder = folder
        self._format = output_format
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

    def append(self, chunk: memoryview, rows: int) -> None:
        """Add a chunk of whole rows.

        Raises:
            RefusedError: a single row does not fit into a part.
        """
        while chunk:
            # The header and the footer take room too.
            begun = self._bytes if self._file else len(self._format.header)
            room = self._max_bytes - len(self._format.footer) - begun
            if len(chunk) <= room:
                self._write_rows(chunk, rows)
                return
            end, taken = self._format.rows_within(chunk, room)
            if taken:
                self._write_rows(chunk[:end], taken)
                chunk, rows = chunk[end:], rows - taken
            elif self._file is None:
                raise RefusedError("row_too_long", max_bytes=self._max_bytes)
            self._finish_part()

    def finish(self) -> tuple[PartFile, ...]:
        """Finish the last part and return all; without any rows there is still one part, with a header."""
        if self._file is not None or not self.parts:
            self._write_rows(memoryview(b""), 0)
            self._finish_part()
        return tuple(self.parts)

    def _write_rows(self, chunk: memoryview, rows: int) -> None:
        if self._file is None:
            self._file = DirectFile(self._folder / f"part-{len(self.parts) + 1:05d}{self._format.suffix}", self._buffer)
            self._write_bytes(memoryview(self._format.header))
        self._write_bytes(chunk)
        self._rows += rows

    def _write_bytes(self, data: memoryview) -> None:
        assert self._file is not None
        self._digest.update(data)
        self._bytes += len(data)
        self._file.write(data)

    def _finish_part(self) -> None:
        if self._file is None:
            return
        self._write_bytes(memoryview(self._format.footer))
        self._file.finish()
        digest, media_type = self._digest.hexdigest(), self._format.media_type
        self.parts.append(PartFile(self._file.path.name, self._rows, self._bytes, digest, media_type))
        self._file, self._digest = None, hashlib.sha256()
        self._rows = self._bytes = 0
