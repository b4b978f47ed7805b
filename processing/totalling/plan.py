"""The plan of a run: the size of blocks, the number of buckets, and the songs at their borders."""

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

# What Python, Arrow and Vaex take of the memory limit before the first row.
BASE_BYTES = 200 * MIB
# Buckets of this many rows stay in the processor's cache, where the totals are fastest.
FAST_ROWS = 200_000
# Arrow buckets are files of their own; encoded ones are ranges of one file.
MAX_ARROW_BUCKETS = 512
MAX_ENCODED_BUCKETS = 4096
_OTHER_FILES = 256  # that the process may have open besides its buckets
_FEW_DIFFERENT = 0.95  # share of distinct songs in a sample, up to which running totals are tried
_SAMPLED_FOR_EACH_BUCKET = 50  # rows: the sizes of buckets then differ by a seventh


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one run."""

    block_bytes: int
    bucket_memory: int  # bytes; a bucket that takes more to total is split again
    splitters: Splitters
    grid_bytes: int  # for running totals; 0: not worth trying
    table_bytes: int  # for the song table

    def to_state(self) -> dict[str, Any]:
        """Return the plan as JSON-serializable state."""
        return asdict(self) | {"splitters": self.splitters.to_state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Plan:
        """Return the plan that was saved."""
        return replace(cls(**state), splitters=Splitters.from_state(state["splitters"]))


def make_plan(source: Path, dialect: Dialect, options: Options, max_buckets: int = MAX_ARROW_BUCKETS) -> Plan:
    """Return a plan made from the file's size and the memory limit."""
    max_buckets = min(max_buckets, _open_files() - _OTHER_FILES)
    share = max(options.memory_bytes - BASE_BYTES, 64 * MIB) // options.threads
    size = text_bytes(source, dialect, options)
    rows = int(size / dialect.record_bytes)
    # Twice as many as would just fit, since the borders come from a sample.
    needed = max(rows // FAST_ROWS, 2 * memory_bytes(rows, size) // share) + 1
    buckets = options.buckets or min(needed, max_buckets)
    sample = sample_songs(source, dialect, options, buckets * _SAMPLED_FOR_EACH_BUCKET)
    return Plan(
        # A block takes about six times its size while it is read and distributed.
        block_bytes=options.block_bytes or min(8 * MIB, max(MIB, share // 8)),
        bucket_memory=share,
        splitters=choose_splitters(sample, buckets),
        grid_bytes=share // 4 if _repeats(sample) else 0,
        table_bytes=share // 2,
    )


def _open_files() -> int:
    """Raise the limit of open files as far as the system allows and return it: each bucket can be a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_ENCODED_BUCKETS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft


def _repeats(sample: list[bytes]) -> bool:
    """Return whether songs repeat so often that they may be few: a guess, which the grid checks block by block."""
    return len(set(sample)) <= _FEW_DIFFERENT * len(sample)
