"""From the staging folder to where people look: each file whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

from common.fsync import to_disk
from processing.checkpoints.workspace import is_unfinished
from processing.reading.rejections import FILE_NAME as REJECTED
from processing.result import Outcome

MANIFEST = "manifest.json"
_PART = re.compile(r"part-[0-9]+\.csv")


class OutputTakenError(FileExistsError):
    """Files that a run must not replace have names that its own get; ``strerror`` is for whoever chose the folder."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EEXIST, message)

    def __str__(self) -> str:
        return str(self.strerror)


def refuse_if_taken(source: Path, output: Path) -> None:
    """Raise OutputTakenError where publishing into the folder would replace the source or somebody else's files.

    Where a run is unfinished it may have ended between two files, so all that have such names pass as its own.
    """
    ours, unfinished = _of_an_earlier_run(output), is_unfinished(output)
    for path in sorted(output.iterdir()):
        if path.name not in (MANIFEST, REJECTED) and not _PART.fullmatch(path.name):
            continue
        if path.exists() and path.samefile(source):
            raise OutputTakenError(
                f"{path.name} would be replaced by its own totals in {output}. Choose another folder"
            )
        if not unfinished and path.name not in ours:
            raise OutputTakenError(f"{output} has a file {path.name} that no earlier run wrote. Choose another folder")


def publish(staging: Path, output: Path, outcome: Outcome, *, keep_staged: bool) -> None:
    """Move the staged files into the output folder, and away with those of an earlier run.

    With ``keep_staged`` they stay in the staging folder, too, where the file system can give a file two names: a run
    that ends in here has then lost nothing.
    """
    manifest = staging / MANIFEST
    with manifest.open("x") as file:
        json.dump(outcome.to_json(), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh = {path.name for path in staging.iterdir() if path.is_file()}
    for name in _of_an_earlier_run(output) - fresh:
        (output / name).unlink(missing_ok=True)
    for name in sorted(fresh):
        os.rename(_twin(staging / name) if keep_staged else staging / name, output / name)
    to_disk(output)


def _of_an_earlier_run(output: Path) -> set[str]:
    """The names of what a run has published here, as its manifest has them; none where there is no manifest of ours."""
    try:
        parts = json.loads((output / MANIFEST).read_bytes())["parts"]
        return {MANIFEST, REJECTED, *(part["name"] for part in parts if _PART.fullmatch(part["name"]))}
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def _twin(path: Path) -> Path:
    """Another name for a file; the file itself where it can have but one."""
    twin = path.with_name(f".{path.name}.twin")
    try:
        os.link(path, twin)
    except OSError:
        return path
    return twin
