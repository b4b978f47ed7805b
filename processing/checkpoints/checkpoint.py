"""What a long run leaves on the disk on its way, for another process to go on from.

A checkpoint is a JSON beside the files that it names. Each of them is sealed: closed, safe on the disk, and never
written again, so that a process that was stopped and wakes late can spoil none of them. What comes later goes into
new files. The JSON carries a digest over itself and takes the place of the one before it in one step.
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
from processing.checkpoints.workspace import CHECKPOINT, Workspace, run_folder
from processing.options import Options

FORMAT = 3  # of the state as a whole: to be raised with each change to what any module keeps, or to how it goes on
_AT_ONCE = 16  # threads that wait for the disk together, which then does them together
_EACH = 8  # files for each of them, at least
# Choices that change nothing about what a checkpoint means.
_FREE = ("scratch", "keeps_checkpoints", "checkpoint_seconds")

State = dict[str, Any]  # of what JSON can say


class UnusableError(Exception):
    """There is a checkpoint, but its files are not what it says."""


@contextmanager
def restoring() -> Iterator[None]:
    """Whatever is wrong with a checkpoint, the run can begin at the beginning; raises UnusableError."""
    try:
        yield
    except Exception as error:
        raise UnusableError from error


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one piece of a run would go on from: a state, and the closed files that it counts on."""

    state: State
    files: tuple[Path, ...] = ()


def fresh_path(folder: Path, stem: str, suffix: str = "") -> Path:
    """A name in the folder that no other process has or will choose."""
    return folder / f"{stem}-{secrets.token_hex(8)}{suffix}"


def position_of(scratch: Path) -> float | None:
    """How much of the whole run, 0 to 1, is kept in a scratch folder; None where there is nothing to go on from."""
    content = _read(run_folder(scratch) / CHECKPOINT)
    return None if content is None else float(content["position"])


class Checkpoints:
    """The checkpoints of one run. Where the options keep none, nothing is ever due and nothing is found."""

    def __init__(self, source: Path, workspace: Workspace, options: Options) -> None:
        self.keeps = options.keeps_checkpoints
        self._workspace = workspace
        self._seconds = options.checkpoint_seconds if self.keeps else math.inf
        self._since = time.monotonic()
        self._run = _identity(source, options) if self.keeps else {}
        self._named: dict[Path, int] = {}  # the files of the last one, with their bytes
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def is_due(self) -> bool:
        """Whether it is time for one."""
        return time.monotonic() - self._since >= self._seconds

    def find(self) -> State | None:
        """The state to go on from, with all files gone that it does not count on; None where there is none."""
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

    def take(self, position: float, kept: Snapshot) -> None:
        """Keep a state, ``position`` being the fraction of the whole run that lies behind it.

        The disk is waited for in the background, so what the state counts on must have been closed. Files that only
        the checkpoint before counted on are removed. Raises OSError for this one or the one before.
        """
        named = {path: path.stat().st_size for path in kept.files}
        files = [[self._workspace.name_of(path), size] for path, size in named.items()]
        content = {"format": FORMAT, "run": self._run, "position": position, "files": files, "state": kept.state}
        self._wait()
        self._writing = self._writer.submit(self._put, json.dumps(content | {"digest": _digest(content)}), named)
        if not self._seconds:
            self._wait()
        self._since = time.monotonic()

    def forget(self) -> None:
        """Let there be none."""
        self._wait()
        (self._workspace.scratch / CHECKPOINT).unlink(missing_ok=True)
        self._named = {}

    def close(self) -> None:
        """Wait for the last one, whatever becomes of it."""
        self._writer.shutdown()

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _put(self, text: str, named: dict[Path, int]) -> None:
        fresh = [path for path, size in named.items() if self._named.get(path) != size]
        folders = {folder for path in fresh for folder in self._workspace.folders_to(path)}
        with ThreadPoolExecutor(min(len(fresh) // _EACH + 1, _AT_ONCE)) as executor:
            list(executor.map(to_disk, fresh))
            list(executor.map(to_disk, folders))
        last = self._workspace.scratch / CHECKPOINT
        coming = fresh_path(self._workspace.scratch, "coming", ".json")
        with coming.open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(coming, last)
        to_disk(last.parent)
        for path in self._named.keys() - named.keys():
            path.unlink(missing_ok=True)
        self._named = named


def all_of(pieces: Iterable[Snapshot]) -> tuple[Path, ...]:
    """The files of several pieces."""
    return tuple(path for piece in pieces for path in piece.files)


def _identity(source: Path, options: Options) -> State:
    """What a checkpoint must have been made of to be of use."""
    found = source.stat()
    choices = {name: value for name, value in asdict(options).items() if name not in _FREE}
    identity = {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns, "options": choices}
    as_read: State = json.loads(json.dumps(identity))
    return as_read


def _read(path: Path) -> State | None:
    """A whole checkpoint of the present format."""
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
