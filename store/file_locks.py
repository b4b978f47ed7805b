"""Locks on files, by which processes see that a file is in use. The kernel frees those of a killed process."""

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
    """Open a file for reading and writing, locked exclusively until it is closed; None if it is locked already.

    Raises OSError on a file system without locks, where two writers would mix their bytes.
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
    """Mark a file as in use, wherever it is moved, until the returned file is closed or the process ends."""
    mark = path.open("rb")
    try:
        fcntl.flock(mark, fcntl.LOCK_SH)
    except OSError:
        pass  # a file system without locks: the reconciler waits longer there
    return mark


def is_locked(path: Path) -> bool:
    """Tell whether any process has locked the file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
