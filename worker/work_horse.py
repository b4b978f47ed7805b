"""The work horse, the forked process that adds up one file: its setup, and the limit on its memory."""

from __future__ import annotations

import os
from pathlib import Path

from common.pdeathsig import die_with_parent
from processing.gc_tuning import relax_gc
from store.queues import LARGE

NICENESS = 10  # for big files; the site and small files keep their priority
OOM_SCORE = "500"  # the first choice of the OOM killer, since its job is retried
_ABOVE_THE_LIMIT = 128 << 20  # bytes, for freed memory that allocators keep and for peaks between two looks


def prepare_horse(parent: int, queue: str) -> None:
    """Make the horse die with its worker, collect garbage less often, and run at low priority."""
    die_with_parent(parent)
    relax_gc()
    os.nice(NICENESS if queue == LARGE else NICENESS // 2)
    try:
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    except OSError:
        pass  # a container without /proc: keep the default


def held_bytes(process: int) -> int:
    """Return the anonymous memory in bytes, without mapped or cached files; 0 if unknown."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def most_bytes(memory_limit: int) -> int:
    """Return the bytes at which a job is killed: well above the limit, with which processing plans."""
    return memory_limit + memory_limit // 4 + _ABOVE_THE_LIMIT
