"""What a work horse does first, right after the fork."""

from __future__ import annotations

import os
from pathlib import Path

from common.pdeathsig import die_with_parent
from processing.gc_tuning import look_seldom
from store.queues import LARGE

NICENESS = 10  # big files step back, so that the site and small files answer at once
OOM_SCORE = "500"  # where memory runs out, this process is the one to go: its job is tried again


def settle_in(parent: int, queue: str) -> None:
    """Tie the horse's life to its worker's, look for garbage seldom, and step behind all that people wait for."""
    die_with_parent(parent)
    look_seldom()
    os.nice(NICENESS if queue == LARGE else NICENESS // 2)
    try:
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    except OSError:
        pass  # a container without /proc: the kernel chooses
