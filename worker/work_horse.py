"""The work horse, the forked process that adds up one file: its first steps, and how much memory it may hold."""

from __future__ import annotations

import os
from pathlib import Path

from common.pdeathsig import die_with_parent
from processing.gc_tuning import relax_gc
from store.queues import LARGE

NICENESS = 10  # big files step back, so that the site and small files answer at once
OOM_SCORE = "500"  # where memory runs out, this process is the one to go: its job is tried again
_ABOVE_THE_LIMIT = 128 << 20  # bytes: what allocators keep for later, and what a peak between two looks may be


def prepare_horse(parent: int, queue: str) -> None:
    """Tie the horse's life to its worker's, look for garbage seldom, and step behind all that people wait for."""
    die_with_parent(parent)
    relax_gc()
    os.nice(NICENESS if queue == LARGE else NICENESS // 2)
    try:
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    except OSError:
        pass  # a container without /proc: the kernel chooses


def held_bytes(process: int) -> int:
    """The anonymous memory in use: not files that are mapped or cached; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def most_bytes(memory_limit: int) -> int:
    """At how many bytes a job is ended: processing plans with the limit, so this is a good deal above it."""
    return memory_limit + memory_limit // 4 + _ABOVE_THE_LIMIT
