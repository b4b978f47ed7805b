"""gunicorn's own lines, its errors among them, in the form of all others."""

from __future__ import annotations

from typing import Any

from gunicorn import glogging

from store import logs
from store.settings import read_log_format


class Logger(glogging.Logger):  # type: ignore[misc]  # it has no types
    """Given to gunicorn by ``--logger-class``; the application's lines take the same way."""

    def setup(self, cfg: Any) -> None:
        """Called when gunicorn starts and when it reads its configuration again."""
        super().setup(cfg)
        logs.set_up("web", read_log_format())
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
