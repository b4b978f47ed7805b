"""Check that DATA_DIR belongs to this database: both hold the same random mark.

Without it, a new or wrong database, which has no rows for the files, would have all of them removed as orphans.
"""

from __future__ import annotations

import os
from pathlib import Path

from common.fsync import to_disk
from store import leader_lease
from store.files import Files
from store.models import new_id

MARK_LEASE = "files"  # a row in the table of leases; its holder is the database's mark


def belongs(files: Files) -> bool:
    """Tell whether files and database belong together; mark both if both are new."""
    in_database, on_disk = leader_lease.read(MARK_LEASE), _read_mark(files.paths.mark)
    if on_disk is not None:
        return in_database.holder == on_disk
    mark = in_database.holder
    if in_database.turned_at is None:
        mark = new_id()
        if not leader_lease.acquire(MARK_LEASE, mark, in_database):
            return False  # another process is marking them right now
    _write_mark(files.paths.mark, mark)  # also into an empty folder, and into one older than the marks
    return True


def _read_mark(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _write_mark(path: Path, mark: str) -> None:
    """Write the mark atomically."""
    coming = path.with_suffix(".coming")
    with coming.open("w") as file:
        file.write(mark)
        file.flush()
        os.fsync(file.fileno())
    os.rename(coming, path)
    to_disk(path.parent)
