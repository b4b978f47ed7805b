"""The formats in which totals can be written: what a format has to do, and one row for each in a table.

Totals come in order, in chunks that threads encode; PartWriter packs the chunks into files of a bounded size. A format
whose files are more than a header, chunks and a footer brings a writer of its own beside PartWriter.
"""

from __future__ import annotations

from typing import Protocol

from processing.totalling.aggregate import Totals
from processing.writing.csv_format import CsvFormat


class OutputFormat(Protocol):
    """What the writer of parts asks of a format."""

    @property
    def name(self) -> str:
        """Return the key in FORMATS."""

    @property
    def media_type(self) -> str:
        """Return what downloads are labelled with."""

    @property
    def suffix(self) -> str:
        """Return the end of a part's name, with its dot."""

    @property
    def header(self) -> bytes:
        """Return what each file begins with."""

    @property
    def footer(self) -> bytes:
        """Return what each file ends with."""

    def encode(self, totals: Totals) -> memoryview:
        """Return the rows of some totals; called from several threads at once."""

    def without_rows(self, chunk: memoryview, rows: int) -> memoryview:
        """Return a chunk without its first rows, for a run that resumes within it."""

    def rows_within(self, chunk: memoryview, room: int) -> tuple[int, int]:
        """Return where the last row that fits into ``room`` bytes ends in a chunk, and the number of rows up to it."""


CSV = CsvFormat()
FORMATS: dict[str, OutputFormat] = {one.name: one for one in (CSV,)}
