"""How a run is cut up: the sizes of blocks, the number of buckets, the songs that mark their borders."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from processing.buckets import memory_bytes
from processing.columns import SONG
from processing.dialect import Dialect
from processing.options import MIB, Options
from processing.splitters import Splitters, choose_splitters
from processing.tokenizer import Tokenizer

# Of the memory limit, what Python, Arrow and Vaex take before the first row.
BASE_BYTES = 200 * MIB
# Buckets of this many rows stay in the processor's cache, where the totals are fastest.
FAST_ROWS = 200_000
MAX_BUCKETS = 512
_SAMPLE_PLACES = 64
_FEW_DIFFERENT = 0.95  # of the songs in a sample; less where a song comes up again and again
_SAMPLE_BYTES = 4 << 10


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one run."""

    block_bytes: int
    bucket_memory: int  # bytes; a bucket that takes more to total is split again
    splitters: Splitters
    grid_bytes: int  # for totals on the way in; 0: not worth trying
    table_bytes: int  # for the names of songs that are numbered


def make_plan(source: Path, dialect: Dialect, options: Options) -> Plan:
    """Choose the sizes from the file's size and the memory limit."""
    share = max(options.memory_bytes - BASE_BYTES, 64 * MIB) // options.threads
    size = source.stat().st_size - dialect.first_row
    rows = int(size / dialect.record_bytes)
    # Twice as many as would just fit, since the borders come from a sample.
    needed = max(rows // FAST_ROWS, 2 * memory_bytes(rows, size) // share) + 1
    buckets = options.buckets or min(needed, MAX_BUCKETS)
    sample = _sample_songs(source, dialect)
    return Plan(
        # A block takes about six times its size while it is read and shared out.
        block_bytes=options.block_bytes or min(8 * MIB, max(MIB, share // 8)),
        bucket_memory=share,
        splitters=choose_splitters(sample, buckets),
        grid_bytes=share // 4 if _repeats(sample) else 0,
        table_bytes=share // 2,
    )


def _repeats(sample: list[bytes]) -> bool:
    """Whether songs come up so often that they may be few: a guess, which the grid checks block by block."""
    return len(set(sample)) <= _FEW_DIFFERENT * len(sample)


def _sample_songs(source: Path, dialect: Dialect) -> list[bytes]:
    """Songs from places all over the file. A wrong one does no harm: the borders only balance the buckets."""
    size = source.stat().st_size
    tokenizer = Tokenizer(dialect.delimiter)
    place = dialect.places[SONG]
    songs: list[bytes] = []
    descriptor = os.open(source, os.O_RDONLY)
    try:
        for number in range(_SAMPLE_PLACES):
            start = dialect.first_row + (size - dialect.first_row) * number // _SAMPLE_PLACES
            records = tokenizer.records(os.pread(descriptor, _SAMPLE_BYTES, start))
            # The first and last records are torn unless they meet the borders by chance.
            fields = (record.fields for record in islice(records, 1 if number else 0, None))
            songs += [found[place] for found in fields if found is not None and len(found) == dialect.fields]
    finally:
        os.close(descriptor)
    return songs
