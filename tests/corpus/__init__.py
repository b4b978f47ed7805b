"""A corpus of messy files, each with its answer worked out from the rows that were put in."""

from __future__ import annotations

from tests.corpus import (
    containers,
    dates,
    dialects,
    encodings,
    exports,
    hostile,
    numbers,
    record_ends,
    shapes,
)
from tests.corpus.cases import Case

_MODULES = (record_ends, dialects, encodings, shapes, numbers, dates, containers, hostile, exports)
THEMES: dict[str, tuple[Case, ...]] = {
    module.__name__.rsplit(".", 1)[1].replace("_", " "): tuple(module.cases()) for module in _MODULES
}
CORPUS: tuple[Case, ...] = tuple(case for cases in THEMES.values() for case in cases)

assert len({case.name for case in CORPUS}) == len(CORPUS)
