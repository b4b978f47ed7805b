"""What is missing is said in one sentence, with what to do about it."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from common.settings import Settings
from launcher import preflight
from launcher.preflight import CannotStartError

Usage = namedtuple("Usage", "total used free")


def sentence(settings: Settings) -> str:
    with pytest.raises(CannotStartError) as refusal:
        preflight.check(settings)
    return str(refusal.value)


@pytest.fixture
def startable(settings: Settings) -> Settings:
    settings.data_dir.chmod(0o700)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return replace(settings, port=probe.getsockname()[1])


def test_nothing_is_said_where_nothing_is_missing(startable: Settings) -> None:
    preflight.check(startable)


def test_a_port_that_is_taken_is_named_with_another_one(startable: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", startable.port))
        taken.listen()
        said = sentence(startable)
    assert said.startswith(f"Port {startable.port} is taken by another program.")
    assert f"make run PORT={startable.port + 1}" in said


def test_a_host_nobody_knows_is_named(startable: Settings) -> None:
    assert sentence(replace(startable, host="no such host")).startswith("HOST is no such host, but")


def test_a_host_that_is_another_machines_is_named(startable: Settings) -> None:
    assert "nothing can listen there" in sentence(replace(startable, host="192.0.2.1"))


def test_a_full_disk_is_named_with_what_is_free(startable: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 9 * 10**8, 10**8))
    assert "There are only 100 MB free" in sentence(startable)


def test_what_was_full_while_it_ran_starts_again_with_a_warning(
    startable: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9 - 10**7, 10**7))
    (startable.data_dir / "uploads").mkdir()
    preflight.check(startable)
    (warning,) = preflight.warnings(startable)
    assert warning.startswith(f"only 10 MB are free on the disk of {startable.data_dir}, so every upload is refused")


def test_a_disk_on_which_nothing_can_be_written_is_named(startable: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_of: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (startable.data_dir / "uploads").mkdir()
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert sentence(startable).startswith(f"The disk of {startable.data_dir} is full: not even 4 MB can be written.")
    assert list(startable.data_dir.iterdir()) == [startable.data_dir / "uploads"]


def test_a_data_folder_that_everyone_may_enter_is_warned_of(startable: Settings) -> None:
    startable.data_dir.chmod(0o700)
    assert preflight.warnings(startable) == []
    startable.data_dir.chmod(0o755)
    (warning,) = preflight.warnings(startable)
    assert warning.startswith(f"every user of this machine may look into {startable.data_dir}")


def test_a_data_folder_too_deep_for_a_socket_is_named(startable: Settings) -> None:
    deep = replace(startable, redis_is_embedded=True, data_dir=Path(f"/{'d' * 96}"))
    assert sentence(deep).startswith("DATA_DIR is too deep: the path of the queue's socket in it has 108 bytes")


@pytest.mark.parametrize("version", [(3, 10), (3, 13)])
def test_a_python_that_does_not_fit_is_named(version: tuple[int, int]) -> None:
    with pytest.raises(CannotStartError, match=rf"This is Python 3\.{version[1]}, but Playtally needs"):
        preflight._python(version)


def test_a_data_folder_is_held_by_one_launcher_at_a_time(tmp_path: Path) -> None:
    held = preflight.take_data_dir(tmp_path)
    with pytest.raises(CannotStartError, match="Playtally runs already"):
        preflight.take_data_dir(tmp_path)
    os.close(held)
    os.close(preflight.take_data_dir(tmp_path))
