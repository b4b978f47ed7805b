"""Checkpoints on the disk: read whole or not at all, and used only for the run that they were made of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from common.option_words import BadRows
from processing.checkpoints import checkpoint
from processing.checkpoints.checkpoint import Checkpoints, Snapshot
from processing.checkpoints.workspace import Workspace
from processing.options import DialectOptions, Options
from processing.pipeline import process_csv
from processing.progress import Progress, Step
from tests.processing.oracle import parts_of, sorted_sums, sums_of, written
from tests.processing.ways import BOTH_WAYS

ROWS = [(f"Song {n * 7 % 90:02d}", date(2020, 1, 1 + n % 9), n) for n in range(600)]


class StoppedError(BaseException):
    """What a signal might raise."""


class Run:
    """One file, its folders, and a run that can be stopped."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.source, self.output, self.scratch = folder / "in.csv", folder / "out", folder / "scratch"
        self.scratch.mkdir(parents=True)
        self.source.write_bytes(written(ROWS))
        self.options = Options(
            scratch=self.scratch,
            block_bytes=1000,
            buckets=9,
            threads=2,
            max_part_bytes=2000,
            keeps_checkpoints=True,
            checkpoint_seconds=0,
            **options,
        )

    @property
    def kept(self) -> Path:
        return self.scratch / "run" / "checkpoint.json"

    def named(self) -> list[Path]:
        """The files that the checkpoint counts on."""
        places = Workspace(self.scratch / "run", self.output / ".unfinished")
        return [places.path_of(name) for name, _size in json.loads(self.kept.read_text())["files"]]

    def stop(self, step: Step = Step.READING, calls: int = 6) -> float:
        """Let it run so far, and stop it; gives how far it came."""
        seen: list[float] = []

        def on_progress(progress: Progress) -> None:
            if progress.step is step:
                seen.append(progress.fraction)
            if len(seen) == calls:
                raise StoppedError

        with pytest.raises(StoppedError):
            process_csv(self.source, self.output, self.options, on_progress)
        return seen[-1]

    def end(self, options: Options | None = None) -> list[Progress]:
        """Go on with it; gives its signs of progress."""
        seen: list[Progress] = []
        outcome = process_csv(self.source, self.output, options or self.options, seen.append)
        assert parts_of(self.output) == sorted_sums(sums_of(ROWS))
        assert outcome.rows_used == len(ROWS)
        assert list(self.scratch.iterdir()) == []
        assert [path.name for path in self.output.iterdir() if path.name.startswith(".")] == []
        return seen


@BOTH_WAYS
@pytest.mark.parametrize("step", [Step.READING, Step.TOTALLING])
def test_an_interrupted_run_keeps_its_folders_and_the_next_begins_where_it_was(
    memory: Path, step: Step, use_kernel: bool
) -> None:
    run = Run(memory, use_kernel=use_kernel)
    assert not run.kept.exists()
    came = run.stop(step)
    kept = json.loads(run.kept.read_text())["position"]
    assert came - 0.2 < kept <= came
    assert (run.output / ".unfinished").is_dir()
    seen = run.end()
    assert seen[0].fraction == kept
    assert seen[0].step is step
    fractions, rows = [one.fraction for one in seen], [one.rows_read for one in seen]
    assert (fractions, rows) == (sorted(fractions), sorted(rows))
    assert rows[0] > 0
    assert rows[-1] == len(ROWS)


def test_a_run_ended_by_an_exception_leaves_nothing(memory: Path) -> None:
    run = Run(memory)

    def cancel(progress: Progress) -> None:
        if progress.fraction > 0.3:
            raise RuntimeError("cancelled")

    with pytest.raises(RuntimeError, match="cancelled"):
        process_csv(run.source, run.output, run.options, cancel)
    assert list(run.scratch.iterdir()) == list(run.output.iterdir()) == []


def test_checkpoints_without_a_scratch_folder_are_a_mistake(memory: Path) -> None:
    with pytest.raises(ValueError, match="scratch"):
        process_csv(memory / "in.csv", memory / "out", Options(keeps_checkpoints=True))


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"rows": ', b'"rows": 1', 1))


def not_json(path: Path) -> None:
    path.write_bytes(b"\xff[" * 99)


def deep(path: Path) -> None:
    path.write_bytes(b"[" * 100_000)


def a_list(path: Path) -> None:
    path.write_bytes(b"[1, 2]")


def of_another_format(path: Path) -> None:
    content = json.loads(path.read_text())
    content["format"] = 0
    with_digest(path, content)


def gone(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_mind(path: Path) -> None:
    content = json.loads(path.read_text())
    content["state"]["position"] = {"unheard": "of"}
    with_digest(path, content)


def with_digest(path: Path, content: dict[str, Any]) -> None:
    del content["digest"]
    path.write_text(json.dumps(content | {"digest": checkpoint._digest(content)}))


def begins_anew(seen: list[Progress]) -> bool:
    return (seen[0].fraction, seen[0].step, seen[0].rows_read) == (0, Step.CHECKING, 0)


@pytest.mark.parametrize("harm", [torn, changed, not_json, deep, a_list, of_another_format, gone, a_folder])
def test_what_is_no_whole_checkpoint_of_this_format_is_as_if_there_were_none(
    memory: Path, harm: Callable[[Path], None]
) -> None:
    run = Run(memory)
    run.stop()
    harm(run.kept)
    assert begins_anew(run.end())


def test_a_state_that_cannot_be_understood_is_as_if_there_were_none(memory: Path) -> None:
    run = Run(memory)
    run.stop()
    of_another_mind(run.kept)
    assert begins_anew(run.end())


@pytest.mark.parametrize("ends", ["short", "missing", "spoilt"])
@pytest.mark.parametrize("step", [Step.READING, Step.TOTALLING])
@BOTH_WAYS
def test_files_that_are_not_what_the_checkpoint_says_make_the_run_begin_anew(
    memory: Path, step: Step, ends: str, use_kernel: bool
) -> None:
    kinds = ("songs", "index", "grid") if ends == "spoilt" else ("songs", "index", "numbered", "rows", "grid", "part")
    harmed = 0
    for kind in kinds:
        run = Run(memory / kind, use_kernel=use_kernel)
        run.stop(step)
        path = next((path for path in run.named() if f"/{kind}-" in str(path)), None)
        if path is None:
            continue  # of the other way, or of the other step
        size = path.stat().st_size
        path.unlink()
        if ends != "missing":
            path.write_bytes(b"x" * (size - (ends == "short")))
        assert begins_anew(run.end())
        harmed += 1
    assert harmed >= 1


def test_another_source_is_read_from_its_beginning(memory: Path) -> None:
    run = Run(memory)
    run.stop()
    found = run.source.stat()
    os.utime(run.source, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    assert begins_anew(run.end())


@pytest.mark.parametrize(
    "other",
    [
        {"max_part_bytes": 2001},
        {"bad_rows": BadRows.SKIP},
        {"dialect": DialectOptions(quote="'")},
        {"use_kernel": False},
        {"memory_bytes": 1 << 29},
    ],
    ids=str,
)
def test_other_options_begin_at_the_beginning(memory: Path, other: dict[str, Any]) -> None:
    run = Run(memory)
    run.stop()
    assert begins_anew(run.end(replace(run.options, **other)))


def test_the_time_between_checkpoints_may_change(memory: Path) -> None:
    run = Run(memory)
    run.stop()
    assert not begins_anew(run.end(replace(run.options, checkpoint_seconds=100)))


def test_a_run_that_keeps_none_takes_no_notice_of_one(memory: Path) -> None:
    run = Run(memory)
    run.stop()
    before = run.kept.read_bytes()
    process_csv(run.source, memory / "other", replace(run.options, keeps_checkpoints=False))
    assert run.kept.read_bytes() == before
    assert not begins_anew(run.end())


def kept_in(folder: Path, source: Path) -> tuple[Checkpoints, Workspace]:
    places = Workspace(folder / "run", folder / "staging")
    options = Options(scratch=folder, keeps_checkpoints=True, checkpoint_seconds=0)
    return Checkpoints(source, places, options), places


def test_a_file_goes_only_once_a_checkpoint_that_does_without_it_is_in_place(memory: Path) -> None:
    source = memory / "in.csv"
    source.write_bytes(b"x")
    checkpoints, places = kept_in(memory, source)
    places.clear()
    files = [places.scratch / name for name in "abc"]
    for path in files:
        path.write_bytes(b"12")
    checkpoints.take(0.1, Snapshot({"number": 1}, tuple(files[:2])))
    checkpoints.take(0.2, Snapshot({"number": 2}, tuple(files[1:])))
    assert [path.exists() for path in files] == [False, True, True]
    stray = places.staging / "stray"
    stray.write_bytes(b"")
    again, _places = kept_in(memory, source)
    assert again.find() == {"number": 2}
    assert not stray.exists()
    again.forget()
    assert again.find() is None
    for one in (checkpoints, again):
        one.close()


def test_a_disk_that_does_not_take_a_checkpoint_ends_the_run_and_leaves_the_one_before(memory: Path) -> None:
    source = memory / "in.csv"
    source.write_bytes(b"x")
    checkpoints, places = kept_in(memory, source)
    places.clear()
    checkpoints.take(0.1, Snapshot({"number": 1}))
    with pytest.raises(OSError, match="No such file"):
        checkpoints.take(0.2, Snapshot({"number": 2}, (places.scratch / "missing",)))
    assert checkpoints.find() == {"number": 1}
    checkpoints.close()
