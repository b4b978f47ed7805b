"""Paths of files: the only module that builds paths under DATA_DIR.

    incoming/<id>             an upload that is arriving, whole or in pieces
    uploads/<upload>          a complete upload
    scratch/<job>/<attempt>/  buckets while an attempt runs
    staging/<job>/<attempt>/  parts while an attempt writes them
    results/<job>/<attempt>/  parts that were published

Names are checked before a path is built from them: each method raises ValueError for an invalid one.
"""

from __future__ import annotations

import re
from pathlib import Path

from store.models import new_id

KINDS = ("incoming", "uploads", "scratch", "staging", "results")
ID = re.compile(r"[0-9a-f]{32}")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


class Paths:
    """The paths under one DATA_DIR; nothing is created or read."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def folder_of(self, kind: str) -> Path:
        """Return the folder of one of KINDS."""
        return self.data_dir / kind

    def incoming(self, upload_id: str) -> Path:
        """Return the path at which an upload arrives."""
        return self.folder_of("incoming") / _checked(upload_id, ID)

    def new_incoming(self) -> Path:
        """Return the path for a new upload, under a fresh id; it does not exist yet."""
        return self.incoming(new_id())

    def upload(self, upload_id: str) -> Path:
        """Return the path of a complete upload."""
        return self.folder_of("uploads") / _checked(upload_id, ID)

    def job(self, kind: str, job_id: str) -> Path:
        """Return the folder of a job in scratch, staging or results, which holds those of its attempts."""
        return self.folder_of(kind) / _checked(job_id, ID)

    def attempt(self, kind: str, job_id: str, attempt: int) -> Path:
        """Return the folder of an attempt in scratch, staging or results."""
        return self.job(kind, job_id) / str(int(attempt))

    def result(self, job_id: str, attempt: int, name: str) -> Path:
        """Return the path of a published file."""
        return self.attempt("results", job_id, attempt) / _checked(name, _FILE_NAME)

    @property
    def mark(self) -> Path:
        """The file that names the database to which the folder belongs; see store.data_dir_check."""
        return self.data_dir / "database-mark"


def _checked(name: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(name):
        raise ValueError(f"not a name of ours: {name!r}")
    return name
