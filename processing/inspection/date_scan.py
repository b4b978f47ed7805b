"""The order of day and month from the whole file, for when no day in its sample is above 12."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from processing.columns import DATE
from processing.dialect.date_order import ambiguous, deciding_style
from processing.dialect.dialect import Dialect
from processing.options import MIB, Options
from processing.reading.arrow_reader import written_values
from processing.reading.blocks import load, spans

_BLOCK_BYTES = 4 * MIB


def with_settled_dates(source: Path, dialect: Dialect, options: Options, on_block: Callable[[], None]) -> Dialect:
    """Return the dialect with the style that the first decisive date shows; raise RefusedError if none does."""
    if dialect.undecided is None:
        return dialect
    for span in spans(source, dialect, _BLOCK_BYTES, options):
        for text in written_values(load(source, span), span, dialect, DATE):
            style = deciding_style(text, dialect.dates)
            if style is not None:
                return replace(dialect, dates=style, undecided=None)
        on_block()
    raise ambiguous(dialect.dates, *dialect.undecided)
