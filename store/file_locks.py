"""Locks on files, by which processes tell each other who is at one. Those of a process that was killed are free."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO


def create_locked(path: Path) -> BinaryIO:
    """Create an empty file, locked as by :func:`lock_exclusive`."""
    file = path.open("x+b", buffering=0)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def lock_exclusive(path: Path) -> BinaryIO | None:
    """Open a file to read and write with nobody else at it, until it is closed; None while somebody is.

    Without locks two at once would mix their bytes, so where a file system has none this raises OSError.
    """
    file = path.open("r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if isinstance(error, BlockingIOError):
            return None
        raise
    return file


def lock_shared(path: Path) -> BinaryIO:
    """Mark that somebody is at a file, wherever it is moved, until the mark is closed or its process ends."""
    mark = path.open("rb")
    try:
        fcntl.flock(mark, fcntl.LOCK_SH)
    except OSError:
        pass  # a file system without locks: the reconciler gives files there longer
    return mark


def is_locked(path: Path) -> bool:
    """Tell whether somebody is at a file, in whatever process."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
