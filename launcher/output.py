"""Output of all processes: on the terminal as text, prefixed with the name of the process, and in a log file as JSON.

``python -m launcher.output`` reads lines of that log from standard input and prints them as on the terminal.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from common import logs

LARGEST_LOG = 10_000_000  # bytes; then it is renamed to playtally.log.1
NAME_WIDTH = 14  # characters, for the longest name of a process
_COLOURS = (36, 32, 35, 34, 33, 96)  # ANSI codes, used in turn


class Output:
    """The terminal and the log file; errors of the terminal are ignored."""

    def __init__(self, log: Path, width: int, screen: TextIO = sys.stdout) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._file = log.open("ab", buffering=0)
        self._is_cut = False  # the last line, because the disk was full
        self._screen = screen
        self._width = width
        self._colours: dict[str, int] | None = {} if screen.isatty() else None

    def line(self, name: str, text: str, level: str = "info") -> None:
        """Print and log a line of a process; ``level`` is for lines that are not JSON."""
        fields = logs.parsed(text)
        shown = text if fields is None else logs.readable(fields)
        head = {"time": logs.moment(time.time()), "level": level, "process": name, "message": text}
        # Workers of the same queue log the same name; ``name`` tells them apart.
        self._keep(json.dumps(head if fields is None else fields | {"process": name}) + "\n")
        label = f"{name:<{self._width}} |"
        if self._colours is not None:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.show("\n".join(f"{label} {line}" for line in shown.split("\n")))

    def show(self, text: str) -> None:
        """Print on the terminal only: secrets do not belong in a log."""
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
            data = ("\n" if self._is_cut else "").encode() + text.encode(errors="replace")
            self._is_cut = self._file.write(data) < len(data)
        except OSError:
            pass  # a full disk must not stop the site


class LineSplitter:
    """A splitter of the output of a process into lines."""

    LONGEST = 100_000  # bytes; a JSON line with a long trace is shorter

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Add data and return the lines that are complete; empty data means the end and returns the rest."""
        whole = (self._rest + data).split(b"\n")
        self._rest = whole.pop()
        if self._rest and (not data or len(self._rest) > self.LONGEST):
            whole.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace").rstrip("\r") for line in whole]


def main() -> int:
    """Print log lines from standard input as text; print other lines unchanged."""
    try:
        for line in sys.stdin:
            fields = logs.parsed(line)
            shown = line.rstrip("\n") if fields is None else logs.readable(fields)
            label = "" if fields is None else f"{fields.get('process', ''):<{NAME_WIDTH}} | "
            print("\n".join(label + one for one in shown.split("\n")), flush=True)
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # how it is usually ended
    return 0


if __name__ == "__main__":
    sys.exit(main())
