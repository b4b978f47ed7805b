"""The files of uploads and jobs: put, found, published and removed; they appear whole or not at all.

This is the seam for another kind of store: what is behind it decides where uploads and results lie. Beside it are
:mod:`store.paths`, :mod:`store.file_locks` and :mod:`store.disk_space`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from common.fsync import to_disk
from store import file_locks
from store.paths import ID, KINDS, Paths

REJECTED = "rejected.csv"


class Files:
    """All files of one DATA_DIR."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.paths = Paths(data_dir)
        for kind in KINDS:
            self.paths.folder_of(kind).mkdir(parents=True, exist_ok=True)

    def begin_incoming(self) -> BinaryIO:
        """Create an empty file in incoming/, locked exclusively; its name is a fresh id."""
        file = file_locks.create_locked(self.paths.new_incoming())
        to_disk(self.paths.folder_of("incoming"))
        return file

    def upload(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie."""
        return self.paths.upload(upload_id)

    def put_upload(self, incoming: Path, upload_id: str) -> None:
        """Move an upload that arrived whole (written and fsynced by the caller) to its place."""
        target = self.upload(upload_id)
        os.rename(incoming, target)
        to_disk(target.parent)

    def remove_upload(self, upload_id: str) -> None:
        """Remove the bytes of an upload; nothing happens where there are none."""
        self.upload(upload_id).unlink(missing_ok=True)

    def scratch(self, job_id: str, attempt: int) -> Path:
        """The folder for the buckets of an attempt, with what :meth:`take_over` found for it."""
        return self._made("scratch", job_id, attempt)

    def staging(self, job_id: str, attempt: int) -> Path:
        """The folder for the parts of an attempt, with what :meth:`take_over` found for it."""
        return self._made("staging", job_id, attempt)

    def take_over(self, job_id: str, attempt: int) -> None:
        """Give an attempt the working files of the one before it, under its own names; older ones are removed.

        Whoever still works under the old names finds its folders gone.
        """
        for kind in ("scratch", "staging"):
            target = self.paths.attempt(kind, job_id, attempt)
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            earlier = sorted(int(folder.name) for folder in target.parent.iterdir() if folder.name.isdigit())
            if earlier:
                os.rename(target.parent / str(earlier.pop()), target)
            for number in earlier:
                shutil.rmtree(target.parent / str(number), ignore_errors=True)

    def publish(self, job_id: str, attempt: int) -> None:
        """Move the staged parts of an attempt, fsynced by their writer, to the results in one step."""
        staged = self.paths.attempt("staging", job_id, attempt)
        target = self.paths.attempt("results", job_id, attempt)
        target.parent.mkdir(parents=True, exist_ok=True)
        to_disk(staged)
        os.rename(staged, target)
        to_disk(target.parent)
        to_disk(target.parent.parent)

    def result(self, job_id: str, attempt: int, name: str) -> Path:
        """Where a published file lies."""
        return self.paths.result(job_id, attempt, name)

    def rejected_bytes(self, job_id: str, attempt: int) -> int:
        """The size of the published list of rows left out; 0 where there is none."""
        path = self.result(job_id, attempt, REJECTED)
        return path.stat().st_size if path.exists() else 0

    def remove_attempt(self, job_id: str, attempt: int) -> None:
        """Remove what an attempt left: scratch, staged parts and published parts."""
        self.remove_working_files(job_id, attempt)
        self.remove_results(job_id, attempt)

    def remove_results(self, job_id: str, attempt: int) -> None:
        """Remove what an attempt moved to the results without publishing it."""
        remove_folder(self.paths.attempt("results", job_id, attempt))

    def remove_working_files(self, job_id: str, attempt: int) -> None:
        """Remove scratch and staged parts of an attempt, not what it published."""
        for kind in ("scratch", "staging"):
            remove_folder(self.paths.attempt(kind, job_id, attempt))

    def remove_job(self, job_id: str) -> None:
        """Remove all files of a job, of every attempt."""
        for kind in ("scratch", "staging", "results"):
            shutil.rmtree(self.paths.job(kind, job_id), ignore_errors=True)

    def working_attempts(self) -> list[tuple[str, int]]:
        """The (job, attempt) pairs that have a scratch or staging folder."""
        return sorted({*self._attempts("scratch"), *self._attempts("staging")})

    def working_folders(self, job_id: str, attempt: int) -> list[Path]:
        """The scratch and staging folders of an attempt that are there."""
        folders = [self.paths.attempt(kind, job_id, attempt) for kind in ("scratch", "staging")]
        return [folder for folder in folders if folder.exists()]

    def published_attempts(self) -> list[tuple[str, int]]:
        """The (job, attempt) pairs that have a folder of results."""
        return sorted(self._attempts("results"))

    def incoming_files(self) -> list[Path]:
        """Uploads that arrive, and halves of those that broke off."""
        return sorted(self.paths.folder_of("incoming").iterdir())

    def upload_files(self) -> list[Path]:
        """All uploads; the name of each is its id."""
        return sorted(path for path in self.paths.folder_of("uploads").iterdir() if ID.fullmatch(path.name))

    def _attempts(self, kind: str) -> Iterator[tuple[str, int]]:
        for folder in self.paths.folder_of(kind).glob("*/*"):
            if ID.fullmatch(folder.parent.name) and folder.name.isdigit():
                yield folder.parent.name, int(folder.name)

    def _made(self, kind: str, job_id: str, attempt: int) -> Path:
        folder = self.paths.attempt(kind, job_id, attempt)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def remove_folder(folder: Path) -> None:
    """Remove the folder of an attempt, and that of its job once it is empty; nothing happens where it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        pass  # another attempt's files are in it, or it is gone already
