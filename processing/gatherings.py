"""Which way the rows of a run are gathered."""

from __future__ import annotations

from processing.gathering import ArrowGathering, Gathering, Job
from processing.kernel import library
from processing.kernel_gathering import KernelGathering


def gathering_for(job: Job, *, use_kernel: bool) -> Gathering:
    """By the compiled kernel if it is wanted and there, else by Arrow; the totals are the same."""
    return KernelGathering(job) if use_kernel and library() is not None else ArrowGathering(job)
