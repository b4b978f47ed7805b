"""Looking at real processes, and waiting for what they do without counting on any speed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], seconds: float = 120) -> T:
    """What the condition gives once it gives something true; the time is generous, for busy machines."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)
    return found


def bound_to_us(
    words: Sequence[str | Path], last: signal.Signals, *, user: Sequence[str] = (), **more: Any
) -> subprocess.Popen[bytes]:
    """Start a server that gets a last signal when this process ends in whatever way, and none from the terminal.

    ``user`` is who it shall run as, in the words of setpriv.
    """
    last_words = f"--pdeathsig={last.name.removeprefix('SIG')}"
    return subprocess.Popen(["setpriv", *user, last_words, *words], process_group=0, **more)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be noticed does not."""
    try:
        return _state(pid) not in "ZX"
    except OSError:
        return False


def is_stopped(pid: int) -> bool:
    """Whether a signal holds the process."""
    try:
        return _state(pid) == "T"
    except OSError:
        return False


def parent(pid: int) -> int:
    """The process that started it."""
    return int(_fields(pid)[1])


def children(pid: int) -> list[int]:
    """The processes whose parent it is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if _fields(int(folder.name))[1] == str(pid):
                found.append(int(folder.name))
        except OSError:
            pass  # it ended meanwhile
    return sorted(found)


def descendants(pid: int) -> list[int]:
    """Its children, their children, and so on."""
    found = children(pid)
    return found + [deeper for child in found for deeper in descendants(child)]


def command(pid: int) -> str:
    """The words it was started with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def child_with(pid: int, words: str) -> int | None:
    """The first child that was started with these words."""
    return next((child for child in children(pid) if words in command(child)), None)


def _state(pid: int) -> str:
    return _fields(pid)[0]


def _fields(pid: int) -> list[str]:
    """State, parent and so on; the name before them may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
