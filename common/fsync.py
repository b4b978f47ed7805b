"""fsync by path, so that files and renames survive a power failure."""

from __future__ import annotations

import os
from pathlib import Path


def to_disk(path: Path) -> None:
    """fsync a file, or a folder for the names in it; raise OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
