"""Which way the rows of a run are gathered."""

from __future__ import annotations

from processing.dialect.dialect import Dialect
from processing.reading.kernel_ffi import can_read
from processing.totalling.accumulator import ArrowGathering, Gathering, Job
from processing.totalling.kernel_accumulator import KernelGathering


def gathering_for(job: Job, *, by_kernel: bool) -> Gathering:
    """By the compiled kernel or by Arrow; the totals are the same."""
    return KernelGathering(job) if by_kernel else ArrowGathering(job)


def is_for_kernel(dialect: Dialect, *, wanted: bool) -> bool:
    """Whether the kernel does the work."""
    return wanted and can_read(dialect)
