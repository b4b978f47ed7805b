"""Whether the files of DATA_DIR are those of this database: both keep the same mark.

Else a new or mistaken database, which accounts for none of the files, would have all of them removed as orphans.
"""

from __future__ import annotations

import os
from pathlib import Path

from store import duties
from store.files import Files
from store.models import new_id

MARK = "database-mark"  # under DATA_DIR
DUTY = "files"  # whose holder is the mark


def belongs(files: Files) -> bool:
    """Whether files and database know each other; those that are both new are made known to each other."""
    in_database = duties.look_at(DUTY)
    on_disk = _read(files.data_dir / MARK)
    if in_database.turned_at is None and on_disk is None:
        mark = new_id()
        if not duties.take(DUTY, mark, in_database):
            return False  # another process is just doing it
        _write(files.data_dir / MARK, mark)
        return True
    if in_database.turned_at is not None and on_disk is None:
        _write(files.data_dir / MARK, in_database.holder)  # an empty folder, or one from before there were marks
        return True
    return in_database.holder == on_disk


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _write(path: Path, mark: str) -> None:
    coming = path.with_suffix(".coming")
    with coming.open("w") as file:
        file.write(mark)
        file.flush()
        os.fsync(file.fileno())
    os.rename(coming, path)
