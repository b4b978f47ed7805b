"""Checkpoints: what a long run saves on the disk as it goes, for another process to resume from.

A checkpoint is a JSON file next to the files that it names. Each of these is sealed: closed, synced to the disk and
never written again, so that a process that was suspended and wakes late cannot corrupt them. Later rows go into new
files. The JSON carries a digest of itself and replaces its predecessor atomically.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.fsync import to_disk
from processing.checkpoints.workspace import CHECKPOINT, Workspace
from processing.options import Options

FORMAT = 3  # of the whole state: raise it with each change to what any module saves or to how it resumes
_SYNC_THREADS = 16  # threads that wait for the disk at once, which then batches their writes
_FILES_PER_THREAD = 8  # at least
# Options that do not affect what a checkpoint means.
_IGNORED_OPTIONS = ("scratch", "keeps_checkpoints", "checkpoint_seconds")

State = dict[str, Any]  # JSON-serializable


class UnusableError(Exception):
    """There is a checkpoint, but its files do not match it."""


@contextmanager
def restoring() -> Iterator[None]:
    """Turn any error in a checkpoint into UnusableError, since the run can still start from the beginning."""
    try:
        yield
    except Exception as error:
        raise UnusableError from error


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one component of a run would resume from: its state, and the closed files on which the state depends."""

    state: State
    files: tuple[Path, ...] = ()


def fresh_path(folder: Path, stem: str, suffix: str = "") -> Path:
    """Return a path in the folder that no other process has chosen or will choose."""
    return folder / f"{stem}-{secrets.token_hex(8)}{suffix}"


class Checkpoints:
    """The checkpoints of one run. If the options keep none, none is ever due and none is found."""

    def __init__(self, source: Path, workspace: Workspace, options: Options) -> None:
        self.keeps = options.keeps_checkpoints
        self._workspace = workspace
        self._seconds = options.checkpoint_seconds if self.keeps else math.inf
        self._last_taken = time.monotonic()
        self._run = _identity(source, options) if self.keeps else {}
        self._named: dict[Path, int] = {}  # the files of the last checkpoint -> their sizes in bytes
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def is_due(self) -> bool:
        """Return whether it is time for a checkpoint."""
        return time.monotonic() - self._last_taken >= self._seconds

    def find(self) -> State | None:
        """Return the state to resume from, or None; remove all files on which the state does not depend."""
        content = _read(self._workspace.scratch / CHECKPOINT) if self.keeps else None
        if content is None or content["run"] != self._run:
            return None
        try:
            named = {self._workspace.path_of(name): size for name, size in content["files"]}
            if any(path.stat().st_size < size for path, size in named.items()):
                return None
            self._workspace.keep_only(set(named))
        except OSError:
            return None
        self._named = named
        state: State = content["state"]
        return state

    def take(self, position: float, snapshot: Snapshot) -> None:
        """Save a state; ``position`` is the fraction of the whole run that is done.

        The files are synced in the background, so they must be closed. Those on which only the previous checkpoint
        depended are removed. Raise OSError if this checkpoint or the previous one could not be written.
        """
        named = {path: path.stat().st_size for path in snapshot.files}
        files = [[self._workspace.name_of(path), size] for path, size in named.items()]
        content = {"format": FORMAT, "run": self._run, "position": position, "files": files, "state": snapshot.state}
        self._await_write()
        self._writing = self._writer.submit(self._write, json.dumps(content | {"digest": _digest(content)}), named)
        if not self._seconds:
            self._await_write()
        self._last_taken = time.monotonic()

    def forget(self) -> None:
        """Remove the checkpoint, if there is one."""
        self._await_write()
        (self._workspace.scratch / CHECKPOINT).unlink(missing_ok=True)
        self._named = {}

    def close(self) -> None:
        """Wait for the last checkpoint to succeed or fail."""
        self._writer.shutdown()

    def _await_write(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, text: str, named: dict[Path, int]) -> None:
        fresh = [path for path, size in named.items() if self._named.get(path) != size]
        folders = {folder for path in fresh for folder in self._workspace.folders_to(path)}
        with ThreadPoolExecutor(min(len(fresh) // _FILES_PER_THREAD + 1, _SYNC_THREADS)) as executor:
            list(executor.map(to_disk, fresh))
            list(executor.map(to_disk, folders))
        last = self._workspace.scratch / CHECKPOINT
        fresh_json = fresh_path(self._workspace.scratch, "coming", ".json")
        with fresh_json.open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh_json, last)
        to_disk(last.parent)
        for path in self._named.keys() - named.keys():
            path.unlink(missing_ok=True)
        self._named = named


def files_of(snapshots: Iterable[Snapshot]) -> tuple[Path, ...]:
    """Return the files of several snapshots."""
    return tuple(path for snapshot in snapshots for path in snapshot.files)


def _identity(source: Path, options: Options) -> State:
    """Return what must be the same for a checkpoint to be usable: size and time of the source, and options."""
    found = source.stat()
    choices = {name: value for name, value in asdict(options).items() if name not in _IGNORED_OPTIONS}
    identity = {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns, "options": choices}
    as_read: State = json.loads(json.dumps(identity))
    return as_read


def _read(path: Path) -> State | None:
    """Return the content of an intact checkpoint of the current format, or None."""
    try:
        content = json.loads(path.read_bytes())
        digest = content.pop("digest")
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return None
    if digest != _digest(content) or content.get("format") != FORMAT:
        return None
    found: State = content
    return found


def _digest(content: State) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
