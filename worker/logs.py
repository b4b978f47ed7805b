"""Logging of the worker processes: as in common.logs, with RQ and Vaex adapted."""

from __future__ import annotations

import logging
import sys

from common import logs


class _OneLine(logging.Filter):
    """A filter that cuts the traceback off RQ's messages, since it may quote a file; the formatter adds a safe one."""

    def filter(self, record: logging.LogRecord) -> bool:
        first, more, _ = record.getMessage().partition("\n")
        if more:
            record.msg, record.args = first, ()
            record.exc_info = record.exc_info or sys.exc_info()
        return True


def set_up(process: str, form: str) -> None:
    """Log one line per event to stderr, as :mod:`common.logs` formats it."""
    logs.set_up(process, form)
    rq = logging.getLogger("rq.worker")
    for old in [one for one in rq.filters if isinstance(one, _OneLine)]:
        rq.removeFilter(old)
    rq.addFilter(_OneLine())
    logging.getLogger("vaex").setLevel(logging.CRITICAL)  # it prints tracebacks of errors that we log
