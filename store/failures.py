"""Failures on our side: a code in the row of a job, and the sentence for it whenever it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_ASK = "Try again later, or tell your administrator."
# Codes of failures that are not about the file: the same file may succeed another time.
FAILURES_OF_OURS = {
    "disk_full": f"We're out of space. Your file is safe. {_ASK}",
    "out_of_memory": f"This file needed more memory than we have. Your file is safe. {_ASK}",
    "took_too_long": f"This file took much longer than it should, so we stopped. Your file is safe. {_ASK}",
    "upload_missing": "Your file is no longer here. Please upload it again.",
    "internal_error": f"Something went wrong on our side. Your file is safe. {_ASK}",
    "worker_died": f"We tried {{tries}} times and couldn't finish. Your file is safe. {_ASK}",
}


def failure(code: str, **params: Any) -> dict[str, Any]:
    """Return the error of a job as its row holds it; ``params`` are the values in its sentence."""
    return {"code": code, "params": params, "line": None, "column": None, "value": None, "bad_rows": 0}


def error_json(error: Mapping[str, Any], of_file: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return the error object of a job; ``of_file`` makes that of a refused file.

    Errors that hold their sentence, as those of earlier versions do, are left to ``of_file`` too.
    """
    if "message" in error or error["code"] not in FAILURES_OF_OURS:
        return of_file(error)
    message = FAILURES_OF_OURS[error["code"]].format_map(error["params"])
    others = {name: value for name, value in error.items() if name not in ("code", "params")}
    return {"code": error["code"], "message": message, **others}
