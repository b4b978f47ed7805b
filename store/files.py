"""The files of uploads and jobs: the only module that builds paths under DATA_DIR.

    incoming/<id>             an upload while it arrives, in one go or in pieces
    uploads/<upload>          an upload, whole
    scratch/<job>/<attempt>/  buckets while an attempt runs
    staging/<job>/<attempt>/  parts while an attempt writes them
    results/<job>/<attempt>/  parts that were published

A name from outside is checked before a path is built from it, and files appear whole or not at all.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from common.fsync import to_disk
from store.models import new_id

ID = re.compile(r"[0-9a-f]{32}")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
REJECTED = "rejected.csv"
MARK = "database-mark"  # see store.data_dir_check
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of an OSError: the disk, the user or the process has no more
RESERVE = 256 << 20  # bytes of disk that no upload and no job may take: the database must go on
RESERVED_SHARE = 20  # of a small disk one part in so many


class Files:
    """All files of one DATA_DIR."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        for name in ("incoming", "uploads", "scratch", "staging", "results"):
            (data_dir / name).mkdir(parents=True, exist_ok=True)

    @property
    def incoming_folder(self) -> Path:
        """Where uploads arrive."""
        return self.data_dir / "incoming"

    def new_incoming(self) -> Path:
        """A path, not yet made, for an upload that is about to arrive."""
        return self.incoming_folder / new_id()

    def incoming(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie that arrives in pieces."""
        return self.incoming_folder / _checked(upload_id, ID)

    def begin_incoming(self) -> BinaryIO:
        """A new empty file in incoming/, claimed as by :meth:`claim`; its name is a fresh id."""
        file = self.new_incoming().open("x+b", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        to_disk(self.incoming_folder)
        return file

    def claim(self, path: Path) -> BinaryIO | None:
        """A file to read and write with nobody else at it, until it is closed; None while somebody is.

        Without locks two at once would mix their bytes, so where a file system has none this raises OSError.
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

    def lock_shared(self, path: Path) -> BinaryIO:
        """A mark that somebody is at a file, wherever it is moved; it ends with its closing or its process."""
        mark = path.open("rb")
        try:
            fcntl.flock(mark, fcntl.LOCK_SH)
        except OSError:
            pass  # a file system without locks: the reconciler gives files there longer
        return mark

    def is_held(self, path: Path) -> bool:
        """Whether somebody is at a file, in whatever process."""
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def upload(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie."""
        return self.data_dir / "uploads" / _checked(upload_id, ID)

    def keep_upload(self, incoming: Path, upload_id: str) -> None:
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
            target = self._folder(kind, job_id, attempt)
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            earlier = sorted(int(folder.name) for folder in target.parent.iterdir() if folder.name.isdigit())
            if earlier:
                os.rename(target.parent / str(earlier.pop()), target)
            for number in earlier:
                shutil.rmtree(target.parent / str(number), ignore_errors=True)

    def publish(self, job_id: str, attempt: int) -> None:
        """Move the staged parts of an attempt, fsynced by their writer, to the results in one step."""
        staged = self._folder("staging", job_id, attempt)
        target = self._folder("results", job_id, attempt)
        target.parent.mkdir(parents=True, exist_ok=True)
        to_disk(staged)
        os.rename(staged, target)
        to_disk(target.parent)
        to_disk(target.parent.parent)

    def results(self, job_id: str, attempt: int) -> Path:
        """Where what an attempt publishes lies."""
        return self._folder("results", job_id, attempt)

    def result(self, job_id: str, attempt: int, name: str) -> Path:
        """Where a published file lies."""
        return self.results(job_id, attempt) / _checked(name, _FILE_NAME)

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
        remove_folder(self.results(job_id, attempt))

    def remove_working_files(self, job_id: str, attempt: int) -> None:
        """Remove scratch and staged parts of an attempt, not what it published."""
        for kind in ("scratch", "staging"):
            remove_folder(self._folder(kind, job_id, attempt))

    def remove_job(self, job_id: str) -> None:
        """Remove all files of a job, of every attempt."""
        for kind in ("scratch", "staging", "results"):
            shutil.rmtree(self.data_dir / kind / _checked(job_id, ID), ignore_errors=True)

    def working_attempts(self) -> list[tuple[str, int]]:
        """The (job, attempt) pairs that have a scratch or staging folder."""
        return sorted({*self._attempts("scratch"), *self._attempts("staging")})

    def working_folders(self, job_id: str, attempt: int) -> list[Path]:
        """The scratch and staging folders of an attempt that are there."""
        folders = [self._folder(kind, job_id, attempt) for kind in ("scratch", "staging")]
        return [folder for folder in folders if folder.exists()]

    def mark(self) -> str | None:
        """What store.data_dir_check wrote here; None where nothing was written yet."""
        try:
            return (self.data_dir / MARK).read_text()
        except FileNotFoundError:
            return None

    def set_mark(self, mark: str) -> None:
        """Keep it, whole or not at all."""
        coming = (self.data_dir / MARK).with_suffix(".coming")
        with coming.open("w") as file:
            file.write(mark)
            file.flush()
            os.fsync(file.fileno())
        os.rename(coming, self.data_dir / MARK)
        to_disk(self.data_dir)

    def published_attempts(self) -> list[tuple[str, int]]:
        """The (job, attempt) pairs that have a folder of results."""
        return sorted(self._attempts("results"))

    def incoming_files(self) -> list[Path]:
        """Uploads that arrive, and halves of those that broke off."""
        return sorted(self.incoming_folder.iterdir())

    def upload_files(self) -> list[Path]:
        """All uploads; the name of each is its id."""
        return sorted(path for path in (self.data_dir / "uploads").iterdir() if ID.fullmatch(path.name))

    def room(self, kind: str = "incoming") -> int:
        """Bytes that may still be written to a folder of ours, without the reserve; negative where that is in use."""
        usage = shutil.disk_usage(self.data_dir / kind)
        return usage.free - min(RESERVE, usage.total // RESERVED_SHARE)

    def _attempts(self, kind: str) -> Iterator[tuple[str, int]]:
        for folder in (self.data_dir / kind).glob("*/*"):
            if ID.fullmatch(folder.parent.name) and folder.name.isdigit():
                yield folder.parent.name, int(folder.name)

    def free_bytes(self) -> int:
        """Bytes of the data volume that are free, the reserve among them."""
        return shutil.disk_usage(self.data_dir).free

    def size_of_disk(self) -> int:
        """Bytes of the data volume, used and free."""
        return shutil.disk_usage(self.data_dir).total

    def working_bytes(self) -> dict[str, int]:
        """Bytes in the folders where files are few and come and go: incoming, scratch and staging."""
        return {kind: _bytes_below(self.data_dir / kind) for kind in ("incoming", "scratch", "staging")}

    def _folder(self, kind: str, job_id: str, attempt: int) -> Path:
        return self.data_dir / kind / _checked(job_id, ID) / str(int(attempt))

    def _made(self, kind: str, job_id: str, attempt: int) -> Path:
        folder = self._folder(kind, job_id, attempt)
        folder.mkdir(parents=True, exist_ok=True)
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


def remove_folder(folder: Path) -> None:
    """Remove the folder of an attempt, and that of its job once it is empty; nothing happens where it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        pass  # another attempt's files are in it, or it is gone already
