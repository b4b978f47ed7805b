"""Failures on our side, as codes; the cause goes to the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rq.timeouts import JobTimeoutException

from store.disk_space import NO_ROOM
from store.failures import failure


def failure_of(error: BaseException, upload: Path) -> dict[str, Any]:
    """Return the error of a job that failed for a reason other than its file."""
    return failure(_code(error, upload))


def _code(error: BaseException, upload: Path) -> str:
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            return "disk_full"
        if isinstance(cause, MemoryError):
            return "out_of_memory"
        if isinstance(cause, JobTimeoutException):
            return "took_too_long"
    return "internal_error" if upload.exists() else "upload_missing"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
