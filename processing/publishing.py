"""From the staging folder to where people look: each file whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from processing.outcome import Outcome
from processing.safe import to_disk

MANIFEST = "manifest.json"


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
    for path in [*output.glob("part-*.csv"), output / "rejected.csv"]:
        if path.name not in fresh:
            path.unlink(missing_ok=True)
    for name in sorted(fresh):
        os.rename(_twin(staging / name) if keep_staged else staging / name, output / name)
    to_disk(output)


def _twin(path: Path) -> Path:
    """Another name for a file; the file itself where it can have but one."""
    twin = path.with_name(f".{path.name}.twin")
    try:
        os.link(path, twin)
    except OSError:
        return path
    return twin
