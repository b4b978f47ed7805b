"""The whole run, compared with plain Python sums."""

from __future__ import annotations

import hashlib
import json
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.option_words import BadRows
from processing.columns import INPUT_COLUMNS
from processing.dialect.column_synonyms import is_total
from processing.errors import RefusedError
from processing.options import Options
from processing.pipeline import process_csv
from processing.progress import Progress, Step
from tests.examples import examples
from tests.processing.oracle import Row, parts_of, sorted_sums, sums_of, written
from tests.processing.ways import BOTH_WAYS, IN_MEMORY

# As the first song of a file without a header, one of these makes its row look like a header that lacks columns.
NAMES_OF_COLUMNS = {column.casefold() for column in INPUT_COLUMNS}


def is_song(text: str) -> bool:
    """Whether a text names a song wherever it stands: at the end of a file a total is none."""
    if not text.strip(" \t") or text.startswith("\ufeff") or is_total(text):
        return False
    return " ".join(text.split()).casefold() not in NAMES_OF_COLUMNS


SONGS = st.one_of(
    st.sampled_from(
        ["NA", "null", "007", "7", " lead", "trail ", "", "🎵", "Für Elise", "夜に駆ける", '12" mix', "a,b"]
    ),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=12),
    st.integers(0, 30).map("Same Prefix Song {:04d}".format),
).filter(lambda song: is_song(song))
ROWS = st.lists(
    st.tuples(SONGS, st.dates(date(2019, 12, 28), date(2020, 1, 3)), st.integers(0, 5000)), min_size=1, max_size=60
)
CUTS = st.fixed_dictionaries(
    {
        "block_bytes": st.integers(20, 400),
        "buckets": st.integers(1, 9),
        "threads": st.integers(1, 3),
        "max_part_bytes": st.integers(250, 2000),
    }
)


def run(data: bytes, folder: Path, **options: object) -> Path:
    source = folder / "in.csv"
    source.write_bytes(data)
    process_csv(source, folder / "out", Options(**options))
    return folder / "out"


@BOTH_WAYS
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, cuts=CUTS, line_end=st.sampled_from(["\n", "\r\n"]), quote_all=st.booleans(), header=st.booleans())
def test_any_cutting_gives_the_sums_of_a_plain_dictionary_wholly_sorted(
    use_kernel: bool, rows: list[Row], cuts: dict[str, int], line_end: str, quote_all: bool, header: bool
) -> None:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        data = written(rows, line_end=line_end, quote_all=quote_all, header=header)
        output = run(data, Path(folder), use_kernel=use_kernel, **cuts)
        assert parts_of(output) == sorted_sums(sums_of(rows))
        assert all(part.stat().st_size <= cuts["max_part_bytes"] for part in output.glob("part-*.csv"))


@BOTH_WAYS
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, cuts=CUTS, order=st.randoms(use_true_random=False))
def test_the_same_rows_in_another_order_give_the_same_bytes(
    use_kernel: bool, rows: list[Row], cuts: dict[str, int], order
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as one, tempfile.TemporaryDirectory(dir=IN_MEMORY) as other:
        first = run(written(rows), Path(one), use_kernel=use_kernel, max_part_bytes=cuts["max_part_bytes"])
        second = run(written(shuffled), Path(other), use_kernel=use_kernel, **cuts)
        assert [p.read_bytes() for p in sorted(first.glob("part-*"))] == [
            p.read_bytes() for p in sorted(second.glob("part-*"))
        ]


@BOTH_WAYS
def test_sums_past_the_largest_64_bit_number_are_exact(use_kernel: bool, tmp_path: Path) -> None:
    rows = [("Hit", date(2020, 1, 1), 2**63 - 1)] * 3 + [("Hit", date(2020, 1, 2), 7), ("Miss", date(2020, 1, 1), 0)]
    output = run(written(rows), tmp_path, use_kernel=use_kernel)
    assert parts_of(output) == sorted_sums(sums_of(rows))
    assert json.loads((output / "manifest.json").read_text())["plays"] == 3 * (2**63 - 1) + 7


@BOTH_WAYS
def test_the_report_proves_rows_and_plays_and_names_each_part_with_its_hash(use_kernel: bool, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(written([(f"Song {n}", date(2020, 1, 1), n) for n in range(200)]) + b"Odd,2020-01-01,12.5\n")
    options = Options(bad_rows=BadRows.SKIP, max_part_bytes=1000, use_kernel=use_kernel)
    outcome = process_csv(source, tmp_path / "out", options)
    assert (outcome.rows_read, outcome.rows_used, outcome.bad_rows) == (201, 200, 1)
    assert (outcome.plays, outcome.groups) == (sum(range(200)), 200)
    assert sum(part.rows for part in outcome.parts) == 200
    assert len(outcome.parts) > 1
    for part in outcome.parts:
        data = (tmp_path / "out" / part.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (part.bytes, part.sha256)


@BOTH_WAYS
def test_a_refused_file_leaves_what_an_earlier_run_wrote(use_kernel: bool, tmp_path: Path) -> None:
    output = run(written([("A", date(2020, 1, 1), 1)]), tmp_path, use_kernel=use_kernel)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    with pytest.raises(RefusedError):
        run(b"Song,Date,Number of Plays\nA,2020-01-01,x\n", tmp_path, use_kernel=use_kernel)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_a_later_run_leaves_no_part_of_an_earlier_one(tmp_path: Path) -> None:
    run(written([(f"Song {n}", date(2020, 1, 1), 1) for n in range(99)]), tmp_path, max_part_bytes=300)
    output = run(written([("A", date(2020, 1, 1), 1)]), tmp_path)
    assert sorted(path.name for path in output.iterdir()) == ["manifest.json", "part-00001.csv"]


@BOTH_WAYS
@pytest.mark.parametrize("step", [Step.READING, Step.TOTALLING])
def test_what_the_caller_raises_on_progress_ends_the_run_without_a_trace(
    step: Step, use_kernel: bool, tmp_path: Path
) -> None:
    class CancelledError(Exception):
        pass

    def cancel(progress: Progress) -> None:
        if progress.step is step:
            raise CancelledError

    source = tmp_path / "in.csv"
    source.write_bytes(written([(f"Song {n}", date(2020, 1, 1), 1) for n in range(999)]))
    with pytest.raises(CancelledError):
        process_csv(source, tmp_path / "out", Options(block_bytes=500, buckets=5, use_kernel=use_kernel), cancel)
    assert list((tmp_path / "out").iterdir()) == []


@BOTH_WAYS
def test_progress_names_the_steps_in_order_and_never_falls(use_kernel: bool, tmp_path: Path) -> None:
    seen: list[Progress] = []
    source = tmp_path / "in.csv"
    source.write_bytes(written([(f"Song {n}", date(2020, 1, 1), 1) for n in range(999)]))
    process_csv(source, tmp_path / "out", Options(block_bytes=500, buckets=5, use_kernel=use_kernel), seen.append)
    assert list(dict.fromkeys(progress.step for progress in seen)) == list(Step)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert seen[-1].rows_read == 999


@BOTH_WAYS
def test_a_song_too_long_for_a_part_is_refused_with_words(use_kernel: bool, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refusal:
        run(written([("x" * 300, date(2020, 1, 1), 1)]), tmp_path, max_part_bytes=250, use_kernel=use_kernel)
    assert (refusal.value.key, refusal.value.params) == ("row_too_long", {"max_bytes": 250})


@BOTH_WAYS
def test_a_file_with_bad_rows_only_gives_one_part_with_a_header_when_they_are_skipped(
    use_kernel: bool, tmp_path: Path
) -> None:
    data = b"Song,Date,Number of Plays\nA,x,1\nB,y,2\n"
    output = run(data, tmp_path, bad_rows=BadRows.SKIP, use_kernel=use_kernel)
    assert parts_of(output) == []
    assert len((output / "rejected.csv").read_text().splitlines()) == 3
