"""The files of uploads and jobs: stored, found, published and removed; a file appears whole or not at all.

This is the seam for another kind of storage, such as an object store. Beside it are :mod:`store.paths`,
:mod:`store.file_locks` and :mod:`store.disk_space`.
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
        """Return the path of an upload."""
        return self.paths.upload(upload_id)

    def put_upload(self, incoming: Path, upload_id: str) -> None:
        """Move a complete upload, which its writer has fsynced, to uploads/."""
        target = self.upload(upload_id)
        os.rename(incoming, target)
        to_disk(target.parent)

    def remove_upload(self, upload_id: str) -> None:
        """Remove the file of an upload, if it exists."""
        self.upload(upload_id).unlink(missing_ok=True)

    def scratch(self, job_id: str, attempt: int) -> Path:
        """Return the folder for the buckets of an attempt, with what :meth:`take_over` moved there."""
        return self._made("scratch", job_id, attempt)

    def staging(self, job_id: str, attempt: int) -> Path:
        """Return the folder for the parts of an attempt, with what :meth:`take_over` moved there."""
        return self._made("staging", job_id, attempt)

    def take_over(self, job_id: str, attempt: int) -> None:
        """Move the working files of the previous attempt to this one; remove those of older attempts.

        A worker that still runs an earlier attempt finds its folders gone.
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
        """Move the staged parts of an attempt, fsynced by their writer, to results/ in one step."""
        staged = self.paths.attempt("staging", job_id, attempt)
        target = self.paths.attempt("results", job_id, attempt)
        target.parent.mkdir(parents=True, exist_ok=True)
        to_disk(staged)
        os.rename(staged, target)
        to_disk(target.parent)
        to_disk(target.parent.parent)

    def result(self, job_id: str, attempt: int, name: str) -> Path:
        """Return the path of a published file."""
        return self.paths.result(job_id, attempt, name)

    def rejected_bytes(self, job_id: str, attempt: int) -> int:
        """Return the size in bytes of the published list of skipped rows, 0 if there is none."""
        path = self.result(job_id, attempt, REJECTED)
        return path.stat().st_size if path.exists() else 0

    def remove_attempt(self, job_id: str, attempt: int) -> None:
        """Remove all files of an attempt: scratch, staged parts and results."""
        self.remove_working_files(job_id, attempt)
        self.remove_results(job_id, attempt)

    def remove_results(self, job_id: str, attempt: int) -> None:
        """Remove what an attempt moved to results/."""
        remove_folder(self.paths.attempt("results", job_id, attempt))

    def remove_working_files(self, job_id: str, attempt: int) -> None:
        """Remove scratch and staged parts of an attempt, not its results."""
        for kind in ("scratch", "staging"):
            remove_folder(self.paths.attempt(kind, job_id, attempt))

    def remove_job(self, job_id: str) -> None:
        """Remove all files of a job, of every attempt."""
        for kind in ("scratch", "staging", "results"):
            shutil.rmtree(self.paths.job(kind, job_id), ignore_errors=True)

    def working_attempts(self) -> list[tuple[str, int]]:
        """Return the (job, attempt) pairs that have a scratch or staging folder."""
        return sorted({*self._attempts("scratch"), *self._attempts("staging")})

    def working_folders(self, job_id: str, attempt: int) -> list[Path]:
        """Return the scratch and staging folders of an attempt that exist."""
        folders = [self.paths.attempt(kind, job_id, attempt) for kind in ("scratch", "staging")]
        return [folder for folder in folders if folder.exists()]

    def published_attempts(self) -> list[tuple[str, int]]:
        """Return the (job, attempt) pairs that have a folder of results."""
        return sorted(self._attempts("results"))

    def incoming_files(self) -> list[Path]:
        """Return the files of uploads that are arriving or were interrupted."""
        return sorted(self.paths.folder_of("incoming").iterdir())

    def upload_files(self) -> list[Path]:
        """Return the files of all complete uploads; the name of each is its id."""
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
    """Remove the folder of an attempt, if it exists, and that of its job once it is empty."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        pass  # it holds another attempt's files, or is gone already
