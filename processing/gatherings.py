"""Which way the rows of a run are gathered."""

from __future__ import annotations

from processing.gathering import ArrowGathering, Gathering, Job
from processing.kernel import library
from processing.kernel_gathering import KernelGathering


def gathering_for(job: Job, *, use_kernel: bool) -> Gathering:
    """By the compiled kernel if it is wanted and there, else by Arrow; the totals are the same."""
    return KernelGathering(job) if has_kernel(wanted=use_kernel) else ArrowGathering(job)


def has_kernel(*, wanted: bool) -> bool:
    """Whether the kernel does the work."""
    return wanted and library() is not None
