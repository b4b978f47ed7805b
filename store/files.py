"""The files of uploads and jobs: the only module that builds paths under DATA_DIR.

    incoming/<id>             an upload while it arrives
    uploads/<upload>          an upload, whole
    scratch/<job>/<attempt>/  buckets while an attempt runs
    staging/<job>/<attempt>/  parts while an attempt writes them
    results/<job>/<attempt>/  parts that were published

A name from outside is checked before a path is built from it, and files appear whole or not at all.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from store.models import new_id

ID = re.compile(r"[0-9a-f]{32}")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
REJECTED = "rejected.csv"


class Files:
    """All files of one DATA_DIR."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        for name in ("incoming", "uploads", "scratch", "staging", "results"):
            (data_dir / name).mkdir(parents=True, exist_ok=True)

    def new_incoming(self) -> Path:
        """A path, not yet made, for an upload that is about to arrive."""
        return self.data_dir / "incoming" / new_id()

    def upload(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie."""
        return self.data_dir / "uploads" / _checked(upload_id, ID)

    def keep_upload(self, incoming: Path, upload_id: str) -> None:
        """Move an upload that arrived whole (written and fsynced by the caller) to its place."""
        target = self.upload(upload_id)
        os.rename(incoming, target)
        _sync_folder(target.parent)

    def remove_upload(self, upload_id: str) -> None:
        """Remove the bytes of an upload; nothing happens where there are none."""
        self.upload(upload_id).unlink(missing_ok=True)

    def scratch(self, job_id: str, attempt: int) -> Path:
        """A fresh, empty folder for the buckets of an attempt."""
        return self._fresh("scratch", job_id, attempt)

    def staging(self, job_id: str, attempt: int) -> Path:
        """A fresh, empty folder for the parts of an attempt."""
        return self._fresh("staging", job_id, attempt)

    def publish(self, job_id: str, attempt: int) -> None:
        """Move the staged parts of an attempt, fsynced by their writer, to the results in one step."""
        staged = self._folder("staging", job_id, attempt)
        target = self._folder("results", job_id, attempt)
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync_folder(staged)
        os.rename(staged, target)
        _sync_folder(target.parent)
        _sync_folder(target.parent.parent)

    def result(self, job_id: str, attempt: int, name: str) -> Path:
        """Where a published file lies."""
        return self._folder("results", job_id, attempt) / _checked(name, _FILE_NAME)

    def remove_attempt(self, job_id: str, attempt: int) -> None:
        """Remove what an attempt left: scratch, staged parts and published parts."""
        for kind in ("scratch", "staging", "results"):
            folder = self._folder(kind, job_id, attempt)
            shutil.rmtree(folder, ignore_errors=True)
            _remove_if_empty(folder.parent)

    def remove_working_files(self, job_id: str, attempt: int) -> None:
        """Remove scratch and staged parts of an attempt, not what it published."""
        for kind in ("scratch", "staging"):
            folder = self._folder(kind, job_id, attempt)
            shutil.rmtree(folder, ignore_errors=True)
            _remove_if_empty(folder.parent)

    def remove_job(self, job_id: str) -> None:
        """Remove all files of a job, of every attempt."""
        for kind in ("scratch", "staging", "results"):
            shutil.rmtree(self.data_dir / kind / _checked(job_id, ID), ignore_errors=True)

    def working_attempts(self) -> Iterator[tuple[str, int]]:
        """The (job, attempt) pairs that have a scratch or staging folder."""
        seen = set()
        for kind in ("scratch", "staging"):
            for folder in (self.data_dir / kind).glob("*/*"):
                if ID.fullmatch(folder.parent.name) and folder.name.isdigit():
                    seen.add((folder.parent.name, int(folder.name)))
        yield from sorted(seen)

    def old_incoming(self, before: float) -> Iterator[Path]:
        """Half uploads that nobody has written to since ``before`` (seconds since the epoch)."""
        for path in (self.data_dir / "incoming").iterdir():
            try:
                changed = path.stat().st_mtime
            except FileNotFoundError:
                continue  # it has arrived meanwhile, or was given up
            if changed < before:
                yield path

    def free_bytes(self) -> int:
        """Bytes that can still be written on the data volume."""
        return shutil.disk_usage(self.data_dir).free

    def size_of_disk(self) -> int:
        """Bytes of the data volume, used and free."""
        return shutil.disk_usage(self.data_dir).total

    def working_bytes(self) -> dict[str, int]:
        """Bytes in the folders where files are few and come and go: incoming, scratch and staging."""
        return {kind: _bytes_below(self.data_dir / kind) for kind in ("incoming", "scratch", "staging")}

    def _folder(self, kind: str, job_id: str, attempt: int) -> Path:
        return self.data_dir / kind / _checked(job_id, ID) / str(int(attempt))

    def _fresh(self, kind: str, job_id: str, attempt: int) -> Path:
        folder = self._folder(kind, job_id, attempt)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def _checked(name: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(name):
        raise ValueError(f"not a name of ours: {name!r}")
    return name


def _bytes_below(top: Path) -> int:
    found = 0
    for folder, _folders, names in os.walk(top):
        for name in names:
            try:
                found += Path(folder, name).stat().st_size
            except FileNotFoundError:
                pass  # it went meanwhile
    return found


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass  # another attempt's files are in it, or it is gone already
