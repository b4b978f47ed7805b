"""Whether the files of DATA_DIR are those of this database: both keep the same mark.

Else a new or mistaken database, which accounts for none of the files, would have all of them removed as orphans.
"""

from __future__ import annotations

import os
from pathlib import Path

from common.fsync import to_disk
from store import leader_lease
from store.files import Files
from store.models import new_id

DUTY = "files"  # whose holder is the mark


def belongs(files: Files) -> bool:
    """Whether files and database know each other; those that are both new are made known to each other."""
    in_database, on_disk = leader_lease.look_at(DUTY), _read_mark(files.paths.mark)
    if on_disk is not None:
        return in_database.holder == on_disk
    mark = in_database.holder
    if in_database.turned_at is None:
        mark = new_id()
        if not leader_lease.take(DUTY, mark, in_database):
            return False  # another process is just doing it
    _write_mark(files.paths.mark, mark)  # also in an empty folder, and in one from before there were marks
    return True


def _read_mark(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _write_mark(path: Path, mark: str) -> None:
    """Write it whole or not at all."""
    coming = path.with_suffix(".coming")
    with coming.open("w") as file:
        file.write(mark)
        file.flush()
        os.fsync(file.fileno())
    os.rename(coming, path)
    to_disk(path.parent)
