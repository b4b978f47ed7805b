"""``python -m tests.worker.greedy_worker``: a worker whose jobs of larger files take more memory than planned."""

from __future__ import annotations

import sys
import time

from common.settings import Settings, read_settings
from worker import __main__ as worker_main
from worker import progress
from worker.work_horse import most_bytes

GREEDY_BYTES = 1 << 16  # of a file, above which its job is greedy
_held: list[bytearray] = []


def take_all(settings: Settings) -> None:
    """Hold more than a job may, a piece at a time, and wait for what comes."""
    while sum(map(len, _held)) < most_bytes(settings.memory_limit) + (64 << 20):
        _held.append(bytearray(b"x" * (32 << 20)))
    time.sleep(600)


class Greedy(progress.ProgressReporter):
    """A reporter that takes memory at the first sign of progress."""

    def __call__(self, sign: progress.Progress) -> None:
        super().__call__(sign)
        if self._claim.file_bytes > GREEDY_BYTES:
            take_all(read_settings())


if __name__ == "__main__":
    from worker import attempt

    attempt.ProgressReporter = Greedy
    sys.exit(worker_main.main())
