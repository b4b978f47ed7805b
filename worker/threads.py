"""How many threads a job may use, told to the libraries before they are imported."""

from __future__ import annotations

import os

from common.settings import Settings

# Vaex's two pools and the pool of Arrow (which reads OpenMP's variable) would each take every core otherwise.
_VARIABLES = ("VAEX_NUM_THREADS", "VAEX_NUM_THREADS_IO", "OMP_NUM_THREADS")


def for_a_job(settings: Settings) -> int:
    """The cores of this machine, shared among the workers of one queue; at least one."""
    return max(1, len(os.sched_getaffinity(0)) // settings.workers)


def limit_libraries(settings: Settings) -> None:
    """Tell Vaex and Arrow; what the environment says already stays."""
    for variable in _VARIABLES:
        os.environ.setdefault(variable, str(for_a_job(settings)))
