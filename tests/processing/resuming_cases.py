"""Files whose runs are interrupted, and the folders of one try at one."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from processing.totalling.running_totals import CELL_BYTES
from tests.processing.interrupting import Ended, Wish
from tests.processing.oracle import written
from tests.processing.referee import LEAST_TABLE


@dataclass(frozen=True, slots=True)
class Case:
    """A file and how it is taken."""

    data: bytes
    wish: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def plays(songs: int, count: int, name: str = "Song {:03d}", days: int = 6) -> bytes:
    """Rows drawn by hand, of so many songs."""
    draw = random.Random(songs)
    rows = [
        (
            name.format(draw.randrange(songs)),
            date(2020, 1, 1 + draw.randrange(days)),
            draw.choice((draw.randrange(99), 2**40)),
        )
        for _ in range(count)
    ]
    return written(rows)


def with_bad_rows(data: bytes) -> bytes:
    """Bad rows of several kinds between the others, and odd ones that are good."""
    odd = [b"x,2020-01-01,\n", b"A, 2020-01-01,007\n", b'"open,2020-01-01,2\n', b'"two\nlines",2020-01-02,5\n', b"\n"]
    lines = data.splitlines(keepends=True)
    return b"".join(
        line + (odd[number // 3 % len(odd)] if number % 3 == 2 else b"") for number, line in enumerate(lines)
    )


def packed_in_members(data: bytes) -> bytes:
    """Many gzip files, one behind another."""
    return b"".join(gzip.compress(data[start : start + 70]) for start in range(0, len(data), 70))


SMALL = {"block_bytes": 700, "buckets": 4, "threads": 2, "max_part_bytes": 400}
BUCKETS = {"tries_grid": False, "columns": 40}
STREAMED = BUCKETS | {"piece_bytes": 51}
CASES = {
    "grid": Case(plays(20, 300), {"tries_grid": True}),
    "grid that closes": Case(
        plays(60, 300), {"tries_grid": True, "sizes": {"grid_bytes": 200 * CELL_BYTES}, "columns": 40}
    ),
    "buckets": Case(plays(80, 300), BUCKETS),
    "table of songs full": Case(plays(80, 300), BUCKETS | {"sizes": {"table_bytes": LEAST_TABLE + 500}}),
    "table full and grid": Case(
        plays(80, 300), {"tries_grid": True, "columns": 40, "sizes": {"table_bytes": LEAST_TABLE + 500}}
    ),
    "buckets that are split": Case(
        plays(80, 500), BUCKETS | {"sizes": {"table_bytes": LEAST_TABLE + 500, "bucket_memory": 5000}}
    ),
    "bad rows skipped": Case(with_bad_rows(plays(40, 150)), BUCKETS, {"bad_rows": "skip"}),
    "bad rows refused": Case(with_bad_rows(plays(40, 100)), BUCKETS),
    "newlines in quotes": Case(plays(50, 250, 'The "{:03d}"\nof, all'), BUCKETS),
    "gzip": Case(gzip.compress(plays(60, 300)), BUCKETS),
    "gzip in many members": Case(packed_in_members(plays(60, 300, "Für {:03d}").decode().encode("cp1252")), STREAMED),
    "cp1252": Case(plays(60, 300, "Für {:03d}").decode().encode("cp1252"), STREAMED),
    "encoding shows late": Case(
        plays(60, 300) + "Für Elise,2020-01-01,5\n".encode("cp1252") * 3, BUCKETS, {"block_bytes": 700}
    ),
    "footer": Case(plays(50, 250) + b"Total,2020-12-31,77\nSum,,5\n", BUCKETS, {"bad_rows": "skip"}),
    "totals above a second header": Case(
        plays(30, 120)
        + b"Total,2020-01-09,9\nSong,Date,Number of Plays\n"
        + plays(30, 120, "More {}").split(b"\n", 1)[1],
        BUCKETS,
    ),
    "sums past 2^63": Case(written([("Hit", date(2020, 1, 1), 2**63 - 1)] * 40 + [("Miss", date(2020, 1, 2), 3)] * 9)),
    "nothing but a header": Case(b"Song,Date,Number of Plays\n"),
    "dates settled late": Case(
        written([(f"S {n % 50}", date(2020, 1, 1), n) for n in range(250)]).replace(b"2020-01-01", b"03/04/2020")
        + b"S,28/04/2020,1\n",
        BUCKETS,
    ),
}


class Place:
    """The folders of one try at a case."""

    def __init__(self, folder: Path, case: Case, *, use_kernel: bool) -> None:
        self.folder = folder
        folder.mkdir()
        self.source = folder / "in.csv"
        self.source.write_bytes(case.data)
        self.attempt = 0
        self.scratch, self.output = self._folders()
        self.scratch.mkdir()
        self._case = case
        self._options = SMALL | case.options | {"use_kernel": use_kernel}

    def wish(self, *, keeps: bool = True, **where: Any) -> Wish:
        options = self._options | {"keeps_checkpoints": keeps, "checkpoint_seconds": 0}
        where = self._case.wish | where
        if where.get("ticks") is not None:
            options["checkpoint_seconds"] = where["ticks"]
        return Wish(str(self.source), str(self.output), str(self.scratch), options, **where)

    def rename(self) -> None:
        """Give another attempt what this one left."""
        old = self.scratch, self.output
        self.attempt += 1
        self.scratch, self.output = self._folders()
        for one, other in zip(old, (self.scratch, self.output), strict=True):
            if one.exists():
                one.rename(other)

    def result(self, ended: Ended) -> Any:
        """All that a run gives but its times, and that nothing else is left."""
        assert ended.status == 0
        assert list(self.scratch.iterdir()) == []
        outcome = {name: value for name, value in (ended.outcome or {}).items() if name != "seconds"}
        return outcome, ended.refusal, self.files()

    def files(self) -> dict[str, bytes]:
        """What lies in the output folder, but for the manifest, which holds times."""
        return {path.name: path.read_bytes() for path in self.output.iterdir() if path.name != "manifest.json"}

    def _folders(self) -> tuple[Path, Path]:
        return self.folder / f"scratch-{self.attempt}", self.folder / f"out-{self.attempt}"
