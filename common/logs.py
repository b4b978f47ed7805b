"""Logging of every process: one JSON object per line, or text for people, on stderr.

    {"time": "2026-01-31T09:30:00.125Z", "level": "info", "process": "web", "message": "...", "job": "3f2b...", ...}

Lines about a job carry its id: by ``extra={"job": id}`` in a process that handles many, by :func:`about` in one that
works on one, where it is also added to what libraries log.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from common.tracebacks import name_of, trace_of

# Fields besides time, level, process and message: from extra={...} or about().
EXTRAS = ("job", "attempt", "step", "code", "bytes", "seconds", "mb_per_second")

_work: dict[str, Any] = {}  # what this process works on, for all its threads


def about(job_id: str | None, attempt: int | None = None) -> None:
    """Add job and attempt to all further lines of this process; None removes them."""
    _now_on({"job": job_id, "attempt": attempt})


def at_step(step: str) -> None:
    """Add the step of the current attempt to all further lines."""
    if _work.get("step") != step:
        _now_on(_work | {"step": step})


def _now_on(work: dict[str, Any]) -> None:
    global _work
    # Replaced as a whole, so that no thread sees a partial change.
    _work = {name: value for name, value in work.items() if value is not None}


class LogFormatter(logging.Formatter):
    """A formatter that makes one line of each record."""

    def __init__(self, process: str, form: str) -> None:
        super().__init__()
        self._process = process
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line end."""
        fields = self._fields(record)
        return json.dumps(fields, default=str) if self._form == "json" else readable(fields, whole_ids=True)

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "time": moment(record.created),
            "level": record.levelname.lower(),
            "process": self._process,
            "message": record.getMessage(),
            **_work,
        }
        fields |= {name: value for name in EXTRAS if (value := getattr(record, name, None)) is not None}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            trace = trace_of(error, record.exc_info[2], has_contents="job" in _work)
            fields["error"] = {"type": name_of(error), "trace": trace}
        return fields


def moment(seconds: float) -> str:
    """Format seconds since the epoch as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed(line: str) -> dict[str, Any] | None:
    """Return the fields of a JSON line that one of our processes wrote; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(fields, dict) and all(
        isinstance(fields.get(name), str) for name in ("time", "level", "message")
    )
    return fields if is_ours else None


def readable(fields: dict[str, Any], *, whole_ids: bool = False) -> str:
    """Format a line for people: ``HH:MM:SS level message (job 3f2b...)`` in local time, then any traceback."""
    text = f"{_clock(fields['time'])} {fields['level']} {_plain(fields['message'])}"
    job = str(fields.get("job") or "")
    if job:
        attempt = f", attempt {fields['attempt']}" if fields.get("attempt", 1) != 1 else ""
        text += f" (job {_plain(job if whole_ids else job[:8] + '…')}{_plain(attempt)})"
    error = fields.get("error")
    trace = str(error.get("trace") or "") if isinstance(error, dict) else ""
    return "\n".join([text, *("    " + _plain(line) for line in trace.splitlines())])


def _clock(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return _plain(time)


def _plain(text: str) -> str:
    """Escape control characters, which a terminal would interpret."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def set_up(process: str, form: str) -> None:
    """Send all log records, warnings and uncaught exceptions of this process to stderr, one line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(process, form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _note_end
    threading.excepthook = _note_end_of_thread


def _note_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger(__name__).critical("uncaught exception; process ends", exc_info=(kind, error, trace))


def _note_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
        name = ended.thread.name if ended.thread else "unknown"
        exc_info = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        logging.getLogger(__name__).error("uncaught exception in thread %s", name, exc_info=exc_info)
