"""The whole run: inspect, read into buckets, total, write parts, prove."""

from __future__ import annotations

from pathlib import Path

from processing.options import Options
from processing.outcome import Outcome
from processing.progress import OnProgress


def process_csv(
    source: Path, output: Path, options: Options | None = None, on_progress: OnProgress | None = None
) -> Outcome:
    """Add up the plays in ``source`` for each song and day, into part-00001.csv and on in the folder ``output``.

    Raises:
        RefusedError: the file cannot be added up as it is; ``output`` holds no part then.
    """
    raise RuntimeError("being written")
