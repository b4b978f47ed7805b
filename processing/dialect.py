"""The form of one file, fixed by the inspection; every later row is held to it."""

from __future__ import annotations

from dataclasses import dataclass

from processing.outcome import Detected


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the bytes of a file stand for rows."""

    encoding: str  # utf-8 | utf-8-sig
    delimiter: str
    header: bool
    fields: int  # how many each record has
    places: dict[str, int]  # column name -> index among the fields
    first_row: int  # byte offset of the first record after the header
    record_bytes: float  # of an average record, measured on the first MiB

    def detected(self) -> Detected:
        """The same in the words of the report."""
        return Detected(
            encoding=self.encoding,
            delimiter=self.delimiter,
            header=self.header,
            compression=None,
            date_style="YYYY-MM-DD",
            columns=dict(self.places),
        )
