"""How a run is cut up: the sizes of blocks, the number of buckets, the songs that mark their borders."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from processing.dialect.dialect import Dialect
from processing.options import MIB, Options
from processing.totalling.arrow_buckets import memory_bytes
from processing.totalling.range_partitioning import Splitters, choose_splitters
from processing.totalling.song_sample import sample_songs, text_bytes

# Of the memory limit, what Python, Arrow and Vaex take before the first row.
BASE_BYTES = 200 * MIB
# Buckets of this many rows stay in the processor's cache, where the totals are fastest.
FAST_ROWS = 200_000
# Arrow buckets are read and written in pieces of their own; numbered ones are ranges of one file.
MAX_ARROW_BUCKETS = 512
MAX_NUMBERED_BUCKETS = 4096
_OTHER_FILES = 256  # that the process may have open beside its buckets
_FEW_DIFFERENT = 0.95  # of the songs in a sample; less where a song comes up again and again
_SAMPLED_FOR_EACH_BUCKET = 50  # rows: the sizes of buckets then differ by a seventh


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one run."""

    block_bytes: int
    bucket_memory: int  # bytes; a bucket that takes more to total is split again
    splitters: Splitters
    grid_bytes: int  # for totals on the way in; 0: not worth trying
    table_bytes: int  # for the names of songs that are numbered

    def to_state(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return asdict(self) | {"splitters": self.splitters.to_state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Plan:
        """The plan that was kept."""
        return replace(cls(**state), splitters=Splitters.from_state(state["splitters"]))


def make_plan(source: Path, dialect: Dialect, options: Options, max_buckets: int = MAX_ARROW_BUCKETS) -> Plan:
    """Choose the sizes from the file's size and the memory limit."""
    max_buckets = min(max_buckets, _open_files() - _OTHER_FILES)
    share = max(options.memory_bytes - BASE_BYTES, 64 * MIB) // options.threads
    size = text_bytes(source, dialect, options)
    rows = int(size / dialect.record_bytes)
    # Twice as many as would just fit, since the borders come from a sample.
    needed = max(rows // FAST_ROWS, 2 * memory_bytes(rows, size) // share) + 1
    buckets = options.buckets or min(needed, max_buckets)
    sample = sample_songs(source, dialect, options, buckets * _SAMPLED_FOR_EACH_BUCKET)
    return Plan(
        # A block takes about six times its size while it is read and shared out.
        block_bytes=options.block_bytes or min(8 * MIB, max(MIB, share // 8)),
        bucket_memory=share,
        splitters=choose_splitters(sample, buckets),
        grid_bytes=share // 4 if _repeats(sample) else 0,
        table_bytes=share // 2,
    )


def _open_files() -> int:
    """How many files may be open, once all are asked for that the system allows: a bucket can be one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_NUMBERED_BUCKETS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft


def _repeats(sample: list[bytes]) -> bool:
    """Whether songs come up so often that they may be few: a guess, which the grid checks block by block."""
    return len(set(sample)) <= _FEW_DIFFERENT * len(sample)
