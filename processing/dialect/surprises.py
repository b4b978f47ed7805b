"""Surprises in mid-file that are not the fault of a single row and end the run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from processing.dialect.date_order import contradiction
from processing.dialect.dialect import Dialect
from processing.errors import RefusedError


class SurpriseKind(StrEnum):
    """What was found."""

    ORDER = "order"  # a date that can only be read with day and month the other way round
    TABLE = "table"  # the header of another table, whose rows follow
    ENCODING = "encoding"  # bytes that are not UTF-8, in a file that was ASCII so far


@dataclass(frozen=True, slots=True)
class Surprise:
    """One surprise, and where it was found."""

    kind: SurpriseKind
    line: int  # counted from the first line of its block, which is 1
    value: str


class ReopenError(Exception):
    """The file must be read again from its beginning: in another encoding, or without the kernel."""

    def __init__(self, *, by_tokenizer: bool = False) -> None:
        super().__init__()
        self.by_tokenizer = by_tokenizer  # which sees what follows a row; the kernel does not


def end_of_run(doubt: Surprise, line: int, dialect: Dialect) -> Exception:
    """Return the exception to raise for a surprise on a physical line."""
    if doubt.kind is SurpriseKind.ENCODING:
        return ReopenError()
    if doubt.kind is SurpriseKind.ORDER:
        return contradiction(dialect.dates, doubt.value, line)
    return RefusedError("two_tables", line=line, value=doubt.value)
