"""The lines of all processes: on the terminal for people, with the name of the process before each, in a log as JSON.

``python -m launcher.output`` shows lines of that log, from its standard input, as the terminal has them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from common import logs

LARGEST_LOG = 10_000_000  # bytes; then it becomes playtally.log.1 and a new one begins
NAME_WIDTH = 14  # of the longest name of a process
_COLOURS = (36, 32, 35, 34, 33, 96)  # of the terminal, in turn


class Output:
    """Where everything is printed; a terminal that went away does not matter."""

    def __init__(self, log: Path, width: int, screen: TextIO = sys.stdout) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._file = log.open("ab", buffering=0)
        self._is_cut = False  # the last line, where the disk was full in the middle of it
        self._screen = screen
        self._width = width
        self._colours: dict[str, int] | None = {} if screen.isatty() else None

    def line(self, name: str, text: str, level: str = "info") -> None:
        """Print a line of a process, or one of our own; ``level`` is for lines that do not say theirs."""
        fields = logs.parsed(text)
        shown = text if fields is None else logs.readable(fields)
        head = {"time": logs.moment(time.time()), "level": level, "process": name, "message": text}
        # Two workers of a queue give themselves the same name; we know which one wrote this.
        self._keep(json.dumps(head if fields is None else fields | {"process": name}) + "\n")
        label = f"{name:<{self._width}} |"
        if self._colours is not None:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.show("\n".join(f"{label} {line}" for line in shown.split("\n")))

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
            data = ("\n" if self._is_cut else "").encode() + text.encode(errors="replace")
            self._is_cut = self._file.write(data) < len(data)
        except OSError:
            pass  # a full disk must not stop the site


class LineSplitter:
    """Cuts what a process writes into lines."""

    LONGEST = 100_000  # bytes; a JSON line with a long trace is shorter

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


def main() -> int:
    """Show lines of the log until there are no more of them; what is no line of the log is shown as it is."""
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
