"""The files of uploads and jobs: checked names, whole or not at all, removed without fuss."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.files import Files
from store.models import new_id
from tests.store.conftest import on_disk

JOB = "ec90a5659b4d4baa946a8b8786eb73a7"
BAD_IDS = ["", "..", "../../etc/passwd", JOB[:-1], JOB + "0", JOB.upper(), f"{JOB}\n", f"{JOB[:-1]}/", "g" * 32]
BAD_NAMES = ["", ".", "..", "../part-00001.csv", "a/b.csv", ".hidden", "Part.csv", "a\x00.csv", "part.csv\n", "a" * 81]


def write_attempt(files: Files, attempt: int = 1) -> None:
    """What an attempt has on the disk just before it publishes."""
    (files.scratch(JOB, attempt) / "bucket-0").write_bytes(b"rows")
    folder = files.staging(JOB, attempt)
    for number in (1, 2):
        (folder / f"part-0000{number}.csv").write_bytes(b"totals")


@pytest.mark.parametrize("name", BAD_IDS)
def test_an_id_from_outside_that_is_none_of_ours_leads_to_no_path(files: Files, name: str) -> None:
    ways: list[Callable[[], object]] = [
        lambda: files.upload(name),
        lambda: files.remove_upload(name),
        lambda: files.scratch(name, 1),
        lambda: files.staging(name, 1),
        lambda: files.publish(name, 1),
        lambda: files.result(name, 1, "part-00001.csv"),
        lambda: files.remove_attempt(name, 1),
        lambda: files.remove_working_files(name, 1),
        lambda: files.remove_job(name),
    ]
    for way in ways:
        with pytest.raises(ValueError, match="not a name of ours"):
            way()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_file_name_from_outside_that_is_none_of_ours_leads_to_no_path(files: Files, name: str) -> None:
    with pytest.raises(ValueError, match="not a name of ours"):
        files.result(JOB, 1, name)


def test_an_upload_appears_whole_and_leaves_incoming(files: Files) -> None:
    incoming = files.paths.new_incoming()
    incoming.write_bytes(b"rows")
    files.put_upload(incoming, JOB)
    assert on_disk(files) == [f"uploads/{JOB}"]
    assert files.upload(JOB).read_bytes() == b"rows"


def test_parts_appear_all_at_once_when_they_are_published(files: Files) -> None:
    write_attempt(files)
    part = files.result(JOB, 1, "part-00001.csv")
    staged = (files.data_dir / "staging" / JOB / "1").stat().st_ino
    assert not part.parent.exists()
    files.publish(JOB, 1)
    assert part.parent.stat().st_ino == staged  # the folder itself moved, so no moment saw half of it
    assert sorted(path.name for path in part.parent.iterdir()) == ["part-00001.csv", "part-00002.csv"]
    assert not (files.data_dir / "staging" / JOB / "1").exists()


def test_what_another_attempt_published_is_not_mixed_with_this_one(files: Files) -> None:
    for attempt in (1, 2):
        write_attempt(files, attempt)
        files.publish(JOB, attempt)
    assert files.result(JOB, 1, "part-00001.csv").parent != files.result(JOB, 2, "part-00001.csv").parent


def test_a_published_attempt_is_never_written_over(files: Files) -> None:
    for _ in range(2):
        write_attempt(files)
        if not files.result(JOB, 1, "part-00001.csv").exists():
            files.publish(JOB, 1)
    with pytest.raises(OSError, match="not empty"):
        files.publish(JOB, 1)


def test_an_attempt_takes_over_what_the_newest_one_before_it_left(files: Files) -> None:
    for attempt in (1, 2):
        write_attempt(files, attempt)
        (files.scratch(JOB, attempt) / f"of-{attempt}").touch()
    files.take_over(JOB, 4)
    assert sorted(path.name for path in files.scratch(JOB, 4).iterdir()) == ["bucket-0", "of-2"]
    assert sorted(path.name for path in files.staging(JOB, 4).iterdir()) == ["part-00001.csv", "part-00002.csv"]
    assert files.working_attempts() == [(JOB, 4)]


def test_where_there_is_nothing_to_take_over_an_attempt_begins_with_empty_folders(files: Files) -> None:
    files.take_over(JOB, 1)
    assert [*files.scratch(JOB, 1).iterdir(), *files.staging(JOB, 1).iterdir()] == []


def test_an_attempt_is_removed_without_touching_its_neighbours(files: Files) -> None:
    for attempt in (1, 2):
        write_attempt(files, attempt)
        files.publish(JOB, attempt)
    files.remove_attempt(JOB, 1)
    assert on_disk(files) == [
        f"results/{JOB}/2/part-00001.csv",
        f"results/{JOB}/2/part-00002.csv",
        f"scratch/{JOB}/2/bucket-0",
    ]


def test_working_files_are_removed_and_published_ones_stay(files: Files) -> None:
    write_attempt(files)
    files.publish(JOB, 1)
    write_attempt(files)
    files.remove_working_files(JOB, 1)
    assert on_disk(files) == [f"results/{JOB}/1/part-00001.csv", f"results/{JOB}/1/part-00002.csv"]
    assert list((files.data_dir / "scratch").iterdir()) == list((files.data_dir / "staging").iterdir()) == []


def test_removing_what_is_not_there_does_nothing(files: Files) -> None:
    write_attempt(files)
    for _ in range(2):
        files.remove_working_files(JOB, 1)
        files.remove_attempt(JOB, 1)
        files.remove_job(JOB)
        files.remove_upload(JOB)
    assert on_disk(files) == []


def test_attempts_with_working_files_are_found_once_and_strangers_are_passed_over(files: Files) -> None:
    other = new_id()
    for attempt in (1, 12):
        write_attempt(files, attempt)
    files.staging(other, 3)
    for stranger in ("lost+found/1", f"{JOB}/notes"):
        (files.data_dir / "scratch" / stranger).mkdir(parents=True)
    assert list(files.working_attempts()) == sorted([(JOB, 1), (JOB, 12), (other, 3)])
