"""What a caller may choose about one run: one frozen object through all layers."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MIB = 1 << 20


class BadRows(StrEnum):
    """What to do with rows that cannot be read as (song, date, plays)."""

    STOP = "stop"  # read the whole file, then refuse it, naming the first one and their number
    SKIP = "skip"  # leave them out, count them and list them in rejected.csv


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one run; sizes in bytes."""

    max_part_bytes: int = 500_000_000
    memory_bytes: int = 1024 * MIB
    bad_rows: BadRows = BadRows.STOP
    scratch: Path | None = None  # for buckets; None: a temporary folder beside the output
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    block_bytes: int | None = None  # None: chosen from memory_bytes
    buckets: int | None = None  # None: chosen from the input's size and memory_bytes
    use_kernel: bool = True  # the compiled way, where it is installed
