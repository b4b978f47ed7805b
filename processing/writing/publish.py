"""Publishing: from the staging folder to the output folder, each file whole or not at all."""

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
    """Publishing would replace files that are not a run's own; ``strerror`` is for the person who chose the folder."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EEXIST, message)

    def __str__(self) -> str:
        return str(self.strerror)


def refuse_if_taken(source: Path, output: Path) -> None:
    """Raise OutputTakenError if publishing into the folder would replace the source or files of others.

    An unfinished run may have ended between two files, so all files with such names count as its own.
    """
    ours, unfinished = _published_earlier(output), is_unfinished(output)
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
    """Move the staged files into the output folder and remove those of an earlier run.

    With ``keep_staged`` they also stay in the staging folder, if the file system supports hard links: a run that ends
    in here has then lost nothing.
    """
    manifest = staging / MANIFEST
    with manifest.open("x") as file:
        json.dump(outcome.to_json(), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh = {path.name for path in staging.iterdir() if path.is_file()}
    for name in _published_earlier(output) - fresh:
        (output / name).unlink(missing_ok=True)
    for name in sorted(fresh):
        os.rename(_hard_link(staging / name) if keep_staged else staging / name, output / name)
    to_disk(output)


def _published_earlier(output: Path) -> set[str]:
    """Return the names of the files that an earlier run published here; none without a manifest of ours."""
    try:
        parts = json.loads((output / MANIFEST).read_bytes())["parts"]
        return {MANIFEST, REJECTED, *(part["name"] for part in parts if _PART.fullmatch(part["name"]))}
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def _hard_link(path: Path) -> Path:
    """Return a second name for a file, or the file itself if it cannot have two."""
    link = path.with_name(f".{path.name}.twin")
    try:
        os.link(path, link)
    except OSError:
        return path
    return link
