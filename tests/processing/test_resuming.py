"""Runs that are ended at any moment, and gone on with: the same totals, parts, rows left out and counts."""

from __future__ import annotations

import gzip
import os
import random
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.processes import eventually
from tests.processing.interrupting import STOPPED, Ended, Runs, is_stopped, runs_in
from tests.processing.resuming_cases import (
    CASES,
    Case,
    Place,
)
from tests.processing.ways import BOTH_WAYS, IN_MEMORY

UNDER_WAY = 3  # blocks or groups, by two threads
EACH = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="module")
def runs(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs_in(tmp_path_factory.mktemp("logs")) as found:
        yield found


@pytest.fixture(scope="module")
def others(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """For runs beside those of ``runs``."""
    with runs_in(tmp_path_factory.mktemp("logs")) as found:
        yield found


def undisturbed(runs: Runs, memory: Path, case: Case, *, use_kernel: bool) -> tuple[Any, Ended]:
    """The result without checkpoints, which must be that with them; and how the latter went."""
    plain, kept = (
        Place(memory / "plain", case, use_kernel=use_kernel),
        Place(memory / "kept", case, use_kernel=use_kernel),
    )
    expected = plain.result(runs.run(plain.wish(keeps=False)))
    ended = runs.run(kept.wish())
    assert kept.result(ended) == expected
    return expected, ended


@BOTH_WAYS
@EACH
def test_a_run_killed_at_any_sign_of_progress_is_gone_on_with_to_the_same_end(
    runs: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    expected, ended = undisturbed(runs, memory, CASES[name], use_kernel=use_kernel)
    calls = len(ended.fractions)
    for moment in sorted({calls, *random.Random(name).sample(range(1, calls + 1), min(calls, 3))}):
        place = Place(memory / str(moment), CASES[name], use_kernel=use_kernel)
        killed = runs.run(place.wish(progress=moment))
        assert os.WTERMSIG(killed.status) == signal.SIGKILL
        place.rename()
        assert place.result(runs.run(place.wish())) == expected


@BOTH_WAYS
@EACH
def test_a_run_killed_again_and_again_comes_to_the_same_end(
    runs: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    expected, ended = undisturbed(runs, memory, CASES[name], use_kernel=use_kernel)
    place = Place(memory / "place", CASES[name], use_kernel=use_kernel)
    draw = random.Random(name)
    for _ in range(200):
        ended = runs.run(place.wish(progress=draw.randrange(5, 20)))
        if ended.status == 0:
            break
        place.rename()
    else:
        ended = runs.run(place.wish())
    assert place.result(ended) == expected


@BOTH_WAYS
@pytest.mark.parametrize("name", ["grid that closes", "table of songs full", "bad rows skipped"])
def test_a_run_killed_in_any_deed_with_files_comes_to_the_same_end(
    runs: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    expected, _ended = undisturbed(runs, memory, CASES[name], use_kernel=use_kernel)
    place = Place(memory / "place", CASES[name], use_kernel=use_kernel)
    draw = random.Random(name)
    wishes = [{"deed": draw.randrange(1, 250)} for _ in range(12)] + [{"deed": 1 << 30, "progress": 4}, {}]
    for wish in wishes:
        ended = runs.run(place.wish(**wish))
        if ended.status == 0:
            break
        place.rename()
    assert place.result(ended) == expected


@pytest.mark.parametrize("name", ["buckets", "bad rows skipped"])
def test_a_run_killed_while_it_publishes_has_lost_nothing(runs: Runs, memory: Path, name: str) -> None:
    expected, _ended = undisturbed(runs, memory, CASES[name], use_kernel=True)
    for moved in range(1, 9, 2):
        place = Place(memory / str(moved), CASES[name], use_kernel=True)
        killed = runs.run(place.wish(published=moved))
        assert os.WTERMSIG(killed.status) == signal.SIGKILL
        assert any(place.output.glob("part-*.csv")) == (moved > 2)
        place.rename()
        ended = runs.run(place.wish())
        assert (ended.inspected, ended.rows_read) == (0, 0)
        assert place.result(ended) == expected


@BOTH_WAYS
def test_a_run_that_is_told_to_end_is_gone_on_with(runs: Runs, memory: Path, use_kernel: bool) -> None:
    expected, ended = undisturbed(runs, memory, CASES["bad rows skipped"], use_kernel=use_kernel)
    place = Place(memory / "place", CASES["bad rows skipped"], use_kernel=use_kernel)
    stopped = runs.run(place.wish(progress=len(ended.fractions) // 2, signal=signal.SIGTERM))
    assert os.WEXITSTATUS(stopped.status) == STOPPED
    place.rename()
    ended = runs.run(place.wish())
    assert (ended.inspected, ended.fractions[0] > 0.2) == (0, True)
    assert place.result(ended) == expected


@BOTH_WAYS
@pytest.mark.parametrize("name", ["buckets", "grid", "gzip", "cp1252", "dates settled late", "bad rows skipped"])
def test_only_the_blocks_behind_the_last_checkpoint_are_read_again(
    runs: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    case = replace(CASES[name], options=CASES[name].options | {"block_bytes": 200})
    _expected, whole = undisturbed(runs, memory, case, use_kernel=use_kernel)
    seen = [after - before for before, after in pairwise(whole.rows_seen)]
    largest, blocks = max(seen), sum(rows > 0 for rows in seen)
    ticks = blocks // 10  # blocks between two checkpoints
    for share in (0.4, 0.9):
        place = Place(memory / str(share), case, use_kernel=use_kernel)
        killed = runs.run(place.wish(progress=int(blocks * share), ticks=ticks))
        place.rename()
        ended = runs.run(place.wish(ticks=ticks))
        assert ended.inspected == 0
        assert ended.rows_seen[0] > 0
        again = killed.rows_read + ended.rows_read - whole.rows_read
        assert again <= (ticks + 1 + UNDER_WAY) * largest


@BOTH_WAYS
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "piece_bytes" in case.wish])
def test_a_stream_is_entered_where_the_last_checkpoint_was(
    runs: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    case = replace(CASES[name], options=CASES[name].options | {"block_bytes": 200})
    expected, whole = undisturbed(runs, memory, case, use_kernel=use_kernel)
    place = Place(memory / "place", case, use_kernel=use_kernel)
    runs.run(place.wish(progress=len(whole.fractions) * 2 // 3))
    place.rename()
    ended = runs.run(place.wish())
    assert place.result(ended) == expected
    text = (gzip.decompress(case.data) if "gzip" in name else case.data).decode("cp1252")
    read_before = ended.rows_seen[0] / whole.rows_seen[-1]
    assert 0.3 < read_before < 1
    assert ended.entered / len(text.encode()) == pytest.approx(read_before, abs=0.05)


@BOTH_WAYS
@pytest.mark.parametrize("name", ["buckets", "table of songs full", "grid"])
def test_only_the_groups_of_totals_behind_the_last_part_are_added_up_again(
    runs: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    case = replace(CASES[name], options={"buckets": 20, "max_part_bytes": 300})
    if name == "grid":
        case = replace(case, wish=case.wish | {"cells_at_once": 6})
    _expected, whole = undisturbed(runs, memory, case, use_kernel=use_kernel)
    groups = whole.groups_totalled
    assert groups > 15
    for before_end in (3, groups // 2):
        place = Place(memory / str(before_end), case, use_kernel=use_kernel)
        killed = runs.run(place.wish(progress=len(whole.fractions) - before_end))
        place.rename()
        ended = runs.run(place.wish())
        assert (ended.inspected, ended.rows_read) == (0, 0)
        # A part holds up to two groups here.
        assert killed.groups_totalled + ended.groups_totalled - groups <= UNDER_WAY + 3


@BOTH_WAYS
@pytest.mark.parametrize("name", ["grid that closes", "table of songs full", "bad rows skipped", "gzip"])
def test_a_process_that_wakes_late_spoils_nothing_of_its_successor(
    runs: Runs, others: Runs, memory: Path, name: str, use_kernel: bool
) -> None:
    expected, ended = undisturbed(runs, memory, CASES[name], use_kernel=use_kernel)
    calls = len(ended.fractions)
    for moment in (calls // 4, calls // 2, calls * 3 // 4, calls):
        place = Place(memory / str(moment), CASES[name], use_kernel=use_kernel)
        zombie = others.start(place.wish(progress=moment, signal=signal.SIGSTOP))
        eventually(lambda zombie=zombie: is_stopped(zombie))
        place.rename()
        runs.run(place.wish(progress=4))  # its successor dies, too
        os.kill(zombie, signal.SIGCONT)
        assert others.end().status != 0
        place.rename()
        assert place.result(runs.run(place.wish())) == expected


def test_a_process_that_wakes_when_all_is_published_changes_nothing(runs: Runs, others: Runs, memory: Path) -> None:
    expected, ended = undisturbed(runs, memory, CASES["bad rows skipped"], use_kernel=True)
    place = Place(memory / "place", CASES["bad rows skipped"], use_kernel=True)
    zombie = others.start(place.wish(progress=len(ended.fractions) // 2, signal=signal.SIGSTOP))
    eventually(lambda: is_stopped(zombie))
    place.rename()
    assert place.result(runs.run(place.wish())) == expected
    os.kill(zombie, signal.SIGCONT)
    assert others.end().status != 0
    assert place.files() == expected[2]
    assert not (memory / "place" / "out-0").exists()


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(sorted(CASES)),
    use_kernel=st.booleans(),
    options=st.fixed_dictionaries(
        {
            "block_bytes": st.integers(60, 3000),
            "threads": st.integers(1, 3),
            "buckets": st.integers(1, 6),
            "max_part_bytes": st.integers(250, 3000),
        }
    ),
    moments=st.lists(st.integers(2, 60), min_size=1, max_size=3),
    ticks=st.integers(0, 9),
)
def test_any_cutting_and_any_kills_give_the_same_end(
    runs: Runs, name: str, use_kernel: bool, options: dict[str, int], moments: list[int], ticks: int
) -> None:
    case = CASES[name]
    case = replace(case, options=case.options | options)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        plain = Place(Path(folder) / "plain", case, use_kernel=use_kernel)
        expected = plain.result(runs.run(plain.wish(keeps=False)))
        place = Place(Path(folder) / "kept", case, use_kernel=use_kernel)
        for moment in [*moments, None]:
            ended = runs.run(place.wish(progress=moment, ticks=ticks))
            if ended.status == 0:
                break
            place.rename()
        assert place.result(ended) == expected
