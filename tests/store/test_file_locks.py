"""Locks tell who is at a file, wherever it is moved, and end with their process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from store import file_locks
from store.files import Files
from store.models import new_id
from tests.paths import ROOT


def test_a_file_is_held_until_its_mark_is_closed_wherever_it_is_moved(files: Files) -> None:
    path, upload_id = files.paths.new_incoming(), new_id()
    path.write_bytes(b"whole")
    with file_locks.lock_shared(path):
        assert file_locks.is_locked(path)
        files.put_upload(path, upload_id)
        assert file_locks.is_locked(files.upload(upload_id))
    assert not file_locks.is_locked(files.upload(upload_id))
    assert not file_locks.is_locked(path)


@pytest.mark.usefixtures("processes")
def test_a_file_is_no_longer_held_once_its_process_was_killed(files: Files) -> None:
    path = files.paths.new_incoming()
    path.write_bytes(b"half")
    code = "import sys, time; from pathlib import Path; from store.file_locks import lock_shared"
    code += "; mark = lock_shared(Path(sys.argv[1])); print('held', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert file_locks.is_locked(path)
        other.kill()
        other.wait()
        assert not file_locks.is_locked(path)


def test_a_file_that_somebody_is_at_can_be_locked_by_nobody_else(files: Files) -> None:
    path = files.paths.new_incoming()
    with file_locks.create_locked(path):
        assert file_locks.lock_exclusive(path) is None
    with file_locks.lock_shared(path):
        assert file_locks.lock_exclusive(path) is None
    again = file_locks.lock_exclusive(path)
    assert again is not None
    with again:
        assert file_locks.is_locked(path)
    assert not file_locks.is_locked(path)
