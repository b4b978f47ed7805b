"""Limits on threads per job, set for the libraries before they are imported."""

from __future__ import annotations

import os

from common.settings import Settings

# Vaex's two pools and Arrow's (which reads OpenMP's variable) would each use all cores otherwise.
_VARIABLES = ("VAEX_NUM_THREADS", "VAEX_NUM_THREADS_IO", "OMP_NUM_THREADS")


def for_a_job(settings: Settings) -> int:
    """Return the threads per job: the cores of this machine divided among the workers of a queue, at least one."""
    return max(1, len(os.sched_getaffinity(0)) // settings.workers)


def limit_libraries(settings: Settings) -> None:
    """Limit the threads of Vaex and Arrow, unless the environment already does."""
    for variable in _VARIABLES:
        os.environ.setdefault(variable, str(for_a_job(settings)))
