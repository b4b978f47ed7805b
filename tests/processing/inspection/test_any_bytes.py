"""Any bytes end in one of three ways: totals, totals with rows left out, or a refusal in a sentence."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.option_words import BadRows
from processing.options import MIB, Options
from tests.corpus.words import complaint
from tests.examples import examples
from tests.paths import ROOT
from tests.processing.source.test_decompression import PACK
from tests.processing.ways import same_both_ways

SECONDS = 10  # after which a run hangs
PIECES = [
    b"Song",
    b"Date",
    b"Number of Plays",
    b"Titel",
    b"Datum",
    b"Anzahl",
    b"2024-01-31",
    b"31.01.2024",
    b"1/2/2024",
]
PIECES += [
    b",",
    b";",
    b"\t",
    b"|",
    b'"',
    b"'",
    b"\\",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xe9",
    b"\xc3\xa9",
]
PIECES += [
    b"\xc3\xa9",
    b"5",
    b"1.234",
    b"1,234,567",
    b"-3",
    b"Total",
    b"sep=;\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"A\0",
    b"x" * 300,
]
PIECES += [
    b"Song,Date,Number of Plays\n",
    b"A,2024-01-31,5\n",
    b'"A, b",2024-01-31,"5"\r\n',
    b"Song;Date;Plays\nB;31/01/2024;7\n",
]
OPTIONS = st.builds(
    Options,
    bad_rows=st.sampled_from(list(BadRows)),
    block_bytes=st.sampled_from([16, 100, 4096]),
    corrections=st.booleans(),
    threads=st.integers(1, 2),
)
MANY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """Fail, wherever that is, when the block takes longer."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"still at it after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def check(data: bytes, options: Options) -> None:
    """That the file ends in one of the three ways, and the same by the kernel and by Arrow."""
    with no_longer_than(SECONDS):
        found = same_both_ways(data, options)
    if found.refusal is not None:
        assert complaint(found.refusal["message"], found.refusal["value"]) is None
        return
    read, used, bad, _plays, _groups = found.counts
    assert read == used + bad
    assert (found.rejected or b"").count(b"\n") >= bad
    assert bad == 0 or options.bad_rows is BadRows.SKIP


@settings(max_examples=examples(150), **MANY)
@given(data=st.binary(max_size=400), options=OPTIONS)
def test_arbitrary_bytes_end_in_one_of_three_ways(data: bytes, options: Options) -> None:
    check(data, options)


@settings(max_examples=examples(400), **MANY)
@given(data=st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), options=OPTIONS)
def test_bytes_that_look_like_a_table_end_in_one_of_three_ways(data: bytes, options: Options) -> None:
    check(data, options)


@settings(max_examples=examples(100), **MANY)
@given(
    data=st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    compression=st.sampled_from(list(PACK)),
    cut=st.integers(0, 60),
    options=OPTIONS,
)
def test_packed_bytes_whole_or_cut_end_in_one_of_three_ways(
    data: bytes, compression: str, cut: int, options: Options
) -> None:
    packed = PACK[compression](data)
    check(packed[: len(packed) - cut], options)


HOSTILE = {
    "one line of 40 MB": b"Song,Date,Number of Plays\n" + b"x" * (40 * MIB) + b",2024-01-31,5\nA,2024-01-31,5\n",
    "100,000 columns": b"Song,Date,Number of Plays" + b",x" * 100_000 + (b"\nA,2024-01-31,5" + b"," * 100_000) * 20,
    "a quote that opens on each line": b"Song,Date,Number of Plays\n" + b'"A,2024-01-31,5\n' * 500_000,
    "nothing but quotes": b'"' * (8 * MIB),
    "nothing but delimiters": b"," * (8 * MIB),
    "nothing but line ends": b"\n" * (8 * MIB),
    "a table of backslashes": b"Song,Date,Number of Plays\nA\\,B,2024-01-31,5\n" + b"\\" * (4 * MIB),
}


# A process of its own, which in the end tells the most memory it had; that of its parent does not count here.
TELLING = (
    "import atexit, re, runpy, sys; "
    "status = lambda: re.search('VmHWM:.* ([0-9]+) kB', open('/proc/self/status').read())[1]; "
    "atexit.register(lambda: print(status(), file=sys.stderr)); "
    "runpy.run_module('processing', run_name='__main__')"
)


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_stays_within_its_memory(name: str, tmp_path: Path) -> None:
    source, limit = tmp_path / "in.csv", 512 * MIB
    source.write_bytes(HOSTILE[name])
    words = ["-c", TELLING, source, tmp_path / "out", "--memory", limit, "--bad-rows", "skip", "--json"]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, cwd=ROOT, text=True)
    assert done.returncode in (0, 1)
    assert json.loads(done.stdout)
    assert int(done.stderr.splitlines()[-1]) << 10 < limit
