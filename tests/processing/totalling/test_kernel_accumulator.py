"""Gathering by the kernel: a full table of songs, buckets too big, full columns and a grid that closes lose nothing."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.option_words import BadRows
from processing import pipeline
from processing.inspection.inspect import inspect
from processing.options import DialectOptions, Options
from processing.pipeline import accumulator_for
from processing.reading.blocks import Span
from processing.sentences import refusal
from processing.totalling import encoded_buckets, kernel_accumulator, plan, running_totals
from processing.totalling.accumulator import RunInput
from processing.totalling.arrow_buckets import Bucket
from processing.totalling.kernel_accumulator import KernelAccumulator
from processing.totalling.plan import make_plan
from tests.examples import examples
from tests.paths import ROOT
from tests.processing.oracle import Row, sums_of, written
from tests.processing.referee import LEAST_TABLE
from tests.processing.ways import same_both_ways

FEW = {"max_examples": examples(40), "deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
TABLES = {"seed": st.integers(0, 1 << 30), "count": st.integers(30, 250), "songs": st.integers(1, 40)}
COLUMN_ROWS = st.integers(8, 60)
CUTS = {"block_bytes": st.integers(100, 4000), "threads": st.integers(1, 3), "buckets": st.integers(1, 5)}


def with_plan(patch: pytest.MonkeyPatch, **sizes: int) -> None:
    """Let runs have plans with these sizes."""
    patch.setattr(pipeline, "make_plan", lambda *words: replace(make_plan(*words), **sizes))


def with_columns(patch: pytest.MonkeyPatch, rows: int) -> None:
    """Let each thread have room for so many rows."""
    patch.setattr(kernel_accumulator, "_COLUMN_ROWS", rows)
    patch.setattr(kernel_accumulator, "_ENOUGH_ROWS", rows * 3 // 4)


def table(seed: int, count: int, songs: int) -> tuple[bytes, list[Row]]:
    """A file of so many rows, and those of them that are good.

    Drawn by hand, since tables have to be long to get past the sizes that are tested here.
    """
    draw, good = random.Random(seed), []
    lines = [b"Song,Date,Number of Plays"]
    names = [f"Song {number:02d}" * draw.choice((1, 1, 4)) for number in range(songs)] + ['"Ä"\n', "a,b"]
    for _ in range(count):
        row = draw.choice(names), date(2020, 1, 1 + draw.randrange(6)), draw.choice((draw.randrange(99), 2**40))
        line = written([row], header=False, line_end="")
        kind = draw.randrange(10)
        if kind == 0:
            line = draw.choice((b"\xff" + line, line + b"x", b"x,2020-01-01", b'"x"y,2020-01-01,1', b"\n"))
        if kind == 1:  # good, but for Python to judge
            line = line.replace(b",2020-", b", 2020-").replace(f",{row[2]}".encode(), f",{row[2]:020d}".encode())
        if line != b"\n" and kind:
            good.append(row)
        lines.append(line)
    return b"\n".join(lines), good


def check(data: bytes, good: list[Row], **options: int) -> None:
    """That the sums are exact, and the bytes those of the way by Arrow."""
    form = DialectOptions(encoding="utf-8", quote='"')  # some letters and quotes are broken on purpose
    found = same_both_ways(data, Options(bad_rows=BadRows.SKIP, dialect=form, **options))
    sums = sums_of(good)
    assert found.counts == (len(good) + found.counts[2], len(good), found.counts[2], sum(sums.values()), len(sums))


@settings(**FEW)
@given(
    **TABLES,
    room=st.integers(0, 500),
    grid_tried=st.booleans(),
    block_bytes=st.integers(100, 4000),
    columns=COLUMN_ROWS,
)
def test_rows_of_songs_that_find_no_room_in_the_table_are_added_up_from_text(
    seed: int, count: int, songs: int, room: int, grid_tried: bool, block_bytes: int, columns: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        with_plan(patch, table_bytes=LEAST_TABLE + room)
        with_columns(patch, columns)
        patch.setattr(plan, "_FEW_DIFFERENT", 2 if grid_tried else -1)
        patch.setattr(running_totals, "ROWS_PER_SONG", 0)
        check(*table(seed, count, songs), block_bytes=block_bytes, threads=2, buckets=3)


@settings(**FEW)
@given(**TABLES, columns=COLUMN_ROWS, at_once=st.integers(1, 9), **CUTS)
def test_more_rows_than_the_columns_hold_go_to_scratch_on_the_way(
    seed: int, count: int, songs: int, columns: int, at_once: int, block_bytes: int, threads: int, buckets: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        with_columns(patch, columns)
        patch.setattr(encoded_buckets, "_ROWS_AT_ONCE", at_once)
        patch.setattr(plan, "_FEW_DIFFERENT", -1)
        check(*table(seed, count, songs), block_bytes=block_bytes, threads=threads, buckets=buckets)


@settings(**FEW)
@given(
    **TABLES, per_song=st.sampled_from([0, 1, 2, 4]), cells=st.sampled_from([9, 60, 150]), columns=COLUMN_ROWS, **CUTS
)
def test_a_grid_that_closes_at_any_block_passes_on_all_it_held(
    seed: int,
    count: int,
    songs: int,
    per_song: int,
    cells: int,
    columns: int,
    block_bytes: int,
    threads: int,
    buckets: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        with_plan(patch, grid_bytes=cells * running_totals.CELL_BYTES)
        with_columns(patch, columns)
        patch.setattr(running_totals, "ROWS_PER_SONG", per_song)
        check(*table(seed, count, songs), block_bytes=block_bytes, threads=threads, buckets=buckets)


@pytest.mark.parametrize("room", [10, 300, 10_000], ids=["table full at once", "table full in mid-file", "table wide"])
@pytest.mark.parametrize(("songs", "days"), [(1500, 2), (40, 60), (1, 3000), (2, 900)])
@pytest.mark.parametrize("grid_bytes", [0, 300 * running_totals.CELL_BYTES], ids=["no grid", "grid closes"])
def test_buckets_that_are_too_big_are_cut_with_the_same_totals(
    monkeypatch: pytest.MonkeyPatch, songs: int, days: int, grid_bytes: int, room: int
) -> None:
    first = date(2019, 1, 1).toordinal()
    rows = [(f"Song {n * 13 % songs:04d}", date.fromordinal(first + n * 7 % days), n) for n in range(3000)]
    with_plan(monkeypatch, table_bytes=LEAST_TABLE + room, bucket_memory=40_000, grid_bytes=grid_bytes)
    check(written(rows), rows, block_bytes=9000, threads=2, buckets=3)


def job_of(rows: list[Row], folder: Path, **sizes: int) -> RunInput:
    source = folder / "in.csv"
    source.write_bytes(written(rows))
    dialect = inspect(source)
    return RunInput(
        source, dialect, replace(make_plan(source, dialect, Options(buckets=3)), **sizes), folder / "scratch"
    )


def read_all(accumulator: KernelAccumulator, run_input: RunInput) -> None:
    size = run_input.source.stat().st_size
    report = accumulator.read(Span(0, run_input.dialect.first_row, size, quoted=False, needs_tokenizer=False), None)
    assert report.bad.count == 0
    accumulator.finish()


SOME = [(f"Song {n:02d}", date(2020, 1, 1), n) for n in range(60)]


def test_a_song_much_longer_than_the_others_leaves_buckets_in_numbers_where_they_fit(tmp_path: Path) -> None:
    # By its longest song the bucket would seem too big, and only the lengths of all rows show that it is not.
    rows = [("x" * 2000, date(2020, 1, 1), 1), *SOME * 20]
    run_input = job_of(rows, tmp_path, bucket_memory=250_000, grid_bytes=0)
    with closing(KernelAccumulator(run_input)) as accumulator:
        read_all(accumulator, run_input)
        sources = [source for _bucket, source in accumulator.sources()]
        assert sum(source.rows for source in sources) == accumulator.weight == len(rows)
        assert list(run_input.folder.rglob("*.arrow")) == []
        assert sum(source.totals().rows for source in sources) == 61


@pytest.mark.parametrize("room", [0, 10_000], ids=["from text", "from numbers"])
def test_no_bucket_that_comes_out_takes_more_memory_than_there_is(tmp_path: Path, room: int) -> None:
    rows = [(f"Song {n * 13 % 1500:04d}", date(2020, 1, 1 + n % 28), n) for n in range(3000)]
    run_input = job_of(rows, tmp_path, table_bytes=LEAST_TABLE + room, bucket_memory=40_000, grid_bytes=0)
    with closing(KernelAccumulator(run_input)) as accumulator:
        read_all(accumulator, run_input)
        sources = [source for _bucket, source in accumulator.sources() if isinstance(source, Bucket)]
        assert len(sources) > 3
        assert all(source.memory_bytes <= 40_000 for source in sources)
        assert sum(source.rows for source in sources) <= len(rows)


def test_scratch_is_empty_and_no_file_is_open_after_close_wherever_the_run_ended(tmp_path: Path) -> None:
    for number, ends in enumerate(("at once", "unfinished", "finished", "in mid-totals")):
        folder = tmp_path / str(number)
        folder.mkdir()
        run_input = job_of(SOME, folder, table_bytes=LEAST_TABLE + 300, grid_bytes=0)
        accumulator = KernelAccumulator(run_input)
        if ends == "unfinished":
            accumulator.read(
                Span(
                    0,
                    run_input.dialect.first_row,
                    run_input.dialect.first_row + 18,
                    quoted=False,
                    needs_tokenizer=False,
                ),
                None,
            )
        elif ends != "at once":
            read_all(accumulator, run_input)
            assert any(run_input.folder.rglob("*.arrow"))
        if ends == "in mid-totals":
            assert [source.totals().rows > 0 for _bucket, source in islice(accumulator.sources(), 1)] == [True]
        accumulator.close()
        accumulator.close()
        assert list(run_input.folder.rglob("*.rows")) == []
    held = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert not [path for path in held if path.startswith(str(tmp_path))]


@pytest.mark.parametrize("use_kernel", [True, False])
def test_a_file_that_became_shorter_while_it_was_read_is_an_error(tmp_path: Path, use_kernel: bool) -> None:
    run_input = job_of(SOME, tmp_path)
    size = run_input.source.stat().st_size
    with (
        closing(accumulator_for(run_input, by_kernel=use_kernel)) as accumulator,
        pytest.raises(OSError, match="became shorter"),
    ):
        accumulator.read(Span(0, run_input.dialect.first_row, size + 1, quoted=False, needs_tokenizer=False), None)


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("limit", [0, 3, 20])
def test_a_disk_that_does_not_take_the_rows_is_said_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, limit: int
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(written([(f"Song {n}", date(2020, 1, 1), n) for n in range(9999)]))
    done = subprocess.run(
        [sys.executable, "-m", "processing", source, tmp_path / "out"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit << 10, limit << 10)),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == refusal("files", {"cause": "File too large"}) + "\n"
    assert list((tmp_path / "out").iterdir()) == []
