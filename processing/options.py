"""The options of one run: one frozen object through all layers."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from common.option_words import BadRows, DateStyle

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class DialectOptions:
    """The dialect of the file as far as the caller chooses it; None: detect it."""

    encoding: str | None = None  # of ENCODINGS
    delimiter: str | None = None  # one ASCII character
    quote: str | None = None  # " or ', empty for none
    header_line: int | None = None  # physical line that names the columns, from 1; 0: there is none
    date_style: DateStyle | None = None
    thousands: str | None = None  # a value of THOUSANDS
    columns: tuple[str | None, str | None, str | None] = (None, None, None)  # song, date, plays: name or number from 1


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one run; sizes in bytes."""

    output_format: str = "csv"  # a key of writing.formats.FORMATS
    max_part_bytes: int = 500_000_000
    memory_bytes: int = 1024 * MIB
    bad_rows: BadRows = BadRows.STOP
    corrections: bool = False  # whether plays may be negative
    dialect: DialectOptions = field(default_factory=DialectOptions)
    scratch: Path | None = None  # folder for temporary files; None: one inside the output folder
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    block_bytes: int | None = None  # None: chosen from memory_bytes
    buckets: int | None = None  # None: chosen from the input's size and memory_bytes
    use_kernel: bool = True  # the compiled one, if it is installed
    max_unpacked_bytes: int = 1 << 40  # of a compressed file
    max_unpacked_ratio: int = 250  # unpacked over packed bytes, beyond the first 256 MiB
    keeps_checkpoints: bool = False  # in scratch, which must be given; an interrupted run can then be resumed
    checkpoint_seconds: float = 60.0  # between two checkpoints; 0: as often as possible
