"""Where files lie: the only module that builds paths under DATA_DIR.

    incoming/<id>             an upload while it arrives, in one go or in pieces
    uploads/<upload>          an upload, whole
    scratch/<job>/<attempt>/  buckets while an attempt runs
    staging/<job>/<attempt>/  parts while an attempt writes them
    results/<job>/<attempt>/  parts that were published

A name from outside is checked before a path is built from it: each method raises ValueError for one that is not ours.
"""

from __future__ import annotations

import re
from pathlib import Path

from store.models import new_id

KINDS = ("incoming", "uploads", "scratch", "staging", "results")
ID = re.compile(r"[0-9a-f]{32}")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


class Paths:
    """The paths under one DATA_DIR; it neither makes nor reads anything."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def folder_of(self, kind: str) -> Path:
        """Return the folder of one of KINDS."""
        return self.data_dir / kind

    def incoming(self, upload_id: str) -> Path:
        """Return where the bytes of an upload arrive."""
        return self.folder_of("incoming") / _checked(upload_id, ID)

    def new_incoming(self) -> Path:
        """Return a path under a fresh id, not yet made, for an upload that is about to arrive."""
        return self.incoming(new_id())

    def upload(self, upload_id: str) -> Path:
        """Return where the bytes of a whole upload lie."""
        return self.folder_of("uploads") / _checked(upload_id, ID)

    def job(self, kind: str, job_id: str) -> Path:
        """Return the folder of a job in scratch, staging or results, which holds those of its attempts."""
        return self.folder_of(kind) / _checked(job_id, ID)

    def attempt(self, kind: str, job_id: str, attempt: int) -> Path:
        """Return the folder of an attempt in scratch, staging or results."""
        return self.job(kind, job_id) / str(int(attempt))

    def result(self, job_id: str, attempt: int, name: str) -> Path:
        """Return where a published file lies."""
        return self.attempt("results", job_id, attempt) / _checked(name, _FILE_NAME)

    @property
    def mark(self) -> Path:
        """The file that says to which database the folder belongs; see store.data_dir_check."""
        return self.data_dir / "database-mark"


def _checked(name: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(name):
        raise ValueError(f"not a name of ours: {name!r}")
    return name
