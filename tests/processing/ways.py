"""The two ways through a file, by the kernel and by Arrow alone: what a test needs to take both and to compare them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from processing.errors import RefusedError
from processing.options import Options
from processing.pipeline import process_csv
from processing.result import BadRow, PartFile

# For what runs a hundred times: on a disk each run would wait for the disk to confirm its parts.
IN_MEMORY = "/dev/shm"
BOTH_WAYS = pytest.mark.parametrize("use_kernel", [True, False], ids=["kernel", "arrow"])


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run gives but its times."""

    refusal: dict[str, Any] | None = None  # then there is nothing else
    counts: tuple[int, ...] = ()  # rows read, rows used, bad rows, plays, groups
    parts: tuple[PartFile, ...] = ()
    text: bytes = b""  # of all parts, one behind another
    listed: tuple[BadRow, ...] = ()
    rejected: bytes | None = None  # the file, if there is one


def result_of(data: bytes, options: Options) -> Result:
    """What a run makes of these bytes."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        source, output = Path(folder) / "in.csv", Path(folder) / "out"
        source.write_bytes(data)
        try:
            outcome = process_csv(source, output, options)
        except RefusedError as error:
            assert list(output.iterdir()) == []
            return Result(error.to_json())
        rejected = output / "rejected.csv"
        return Result(
            None,
            (outcome.rows_read, outcome.rows_used, outcome.bad_rows, outcome.plays, outcome.groups),
            outcome.parts,
            b"".join((output / part.name).read_bytes() for part in outcome.parts),
            outcome.rejected,
            rejected.read_bytes() if rejected.exists() else None,
        )


def same_both_ways(data: bytes, options: Options) -> Result:
    """The result by the kernel, which must be the one by Arrow."""
    kernel, arrow = (result_of(data, replace(options, use_kernel=use_kernel)) for use_kernel in (True, False))
    assert kernel == arrow
    return kernel
