"""The frame of a daemon: settings, logging, and serving until SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from common import logs
from common.settings import Settings, SettingsError, read_settings


def run(name: str, serve: Callable[[Settings, threading.Event], None]) -> int:
    """Read the settings and serve until SIGTERM or SIGINT; return the exit code. ``name`` appears in the log."""
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.set_up(name, settings.log_format)
    stop = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    serve(settings, stop)
    return 0
