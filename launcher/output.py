"""The lines of all processes, each with the name of its process before it, on the terminal and in a log file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

LARGEST_LOG = 10_000_000  # bytes; then it becomes playtally.log.1 and a new one begins
_COLOURS = (36, 32, 35, 34, 33, 96)  # of the terminal, in turn


class Output:
    """Where everything is printed; a terminal that went away does not matter."""

    def __init__(self, log: Path, width: int, screen: TextIO = sys.stdout) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._file = log.open("ab", buffering=0)
        self._screen = screen
        self._width = width
        self._colours: dict[str, int] | None = {} if screen.isatty() else None

    def line(self, name: str, text: str) -> None:
        """Print a line of a process, or one of our own."""
        label = f"{name:<{self._width}} |"
        self._keep(f"{label} {text}\n")
        if self._colours is not None:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.show(f"{label} {text}")

    def show(self, text: str) -> None:
        """Print on the screen only: what is secret does not belong into a log."""
        try:
            print(text, file=self._screen, flush=True)
        except (OSError, UnicodeError):
            pass  # the terminal is closed, or cannot show this; the log has it

    def close(self) -> None:
        """Close the log."""
        self._file.close()

    def _keep(self, text: str) -> None:
        try:
            if self._file.tell() > LARGEST_LOG:
                self._file.close()
                os.replace(self._log, self._log.with_suffix(".log.1"))
                self._file = self._log.open("ab", buffering=0)
            self._file.write(text.encode(errors="replace"))
        except OSError:
            pass  # a full disk must not stop the site


class Lines:
    """Cuts what a process writes into lines."""

    LONGEST = 10_000  # bytes

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are whole by now; no data means the end, and gives what is left."""
        whole = (self._rest + data).split(b"\n")
        self._rest = whole.pop()
        if self._rest and (not data or len(self._rest) > self.LONGEST):
            whole.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace").rstrip("\r") for line in whole]
