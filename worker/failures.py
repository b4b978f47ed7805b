"""What went wrong on our side, in words for the person and with a code for scripts; the cause goes to the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rq.timeouts import JobTimeoutException

from store.disk_space import NO_ROOM

ASK = "Please try again later, or tell the people who run this site."

_WORDS = {
    "disk_full": f"Our disk is full, so we could not add this file up. Your file is kept. {ASK}",
    "out_of_memory": f"This file needed more memory than we have, so we could not add it up. Your file is kept. {ASK}",
    "took_too_long": f"Adding this file up took much longer than it should, so we stopped. Your file is kept. {ASK}",
    "upload_missing": "The file you sent is no longer here, so we could not add it up. Please send it again.",
    "internal_error": f"Something went wrong on our side, not with your file, which is kept. {ASK}",
}


def words_for(error: BaseException, upload: Path) -> dict[str, Any]:
    """The error object of a job that failed for a reason other than what is in its file."""
    return words(_code(error, upload))


def words(code: str) -> dict[str, Any]:
    """The error object for one of our codes."""
    return {"code": code, "message": _WORDS[code], "line": None, "column": None, "value": None, "bad_rows": 0}


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
