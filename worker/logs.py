"""How the processes of this package write their lines."""

from __future__ import annotations

import logging
import sys

from common import logs


class _OneLine(logging.Filter):
    """RQ writes the whole trace of an error into its message, with all that the error says: make it one like ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        first, more, _ = record.getMessage().partition("\n")
        if more:
            record.msg, record.args = first, ()
            record.exc_info = record.exc_info or sys.exc_info()
        return True


def set_up(process: str, form: str) -> None:
    """Each event a line on stderr, as :mod:`common.logs` has it."""
    logs.set_up(process, form)
    rq = logging.getLogger("rq.worker")
    for old in [one for one in rq.filters if isinstance(one, _OneLine)]:
        rq.removeFilter(old)
    rq.addFilter(_OneLine())
    logging.getLogger("vaex").setLevel(logging.CRITICAL)  # it prints its own traces of errors that we report
