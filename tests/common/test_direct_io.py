"""Direct files: the bytes of any file, with or without a file system that can write past the cache."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from common.direct_io import BUFFER_BYTES, DirectBuffer, DirectFile
from tests.paths import ROOT
from tests.processing.ways import IN_MEMORY

BYTES = random.Random(3).randbytes(2 * BUFFER_BYTES + 8192)
SIZES = [0, 1, 4095, 4096, 4097, 8191, 8192, 12_289, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1]
SIZES += [BUFFER_BYTES + 4096, 2 * BUFFER_BYTES, 2 * BUFFER_BYTES + 4097]
BUFFER = DirectBuffer()  # shared by all, as the parts of a run share one


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk, and one in a tmpfs, which may refuse direct writing."""
    if request.param == "disk":
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as name:
        yield Path(name)


@pytest.mark.parametrize("size", SIZES)
def test_a_file_has_the_bytes_that_were_written_in_one_go(folder: Path, size: int) -> None:
    file = DirectFile(folder / "file", BUFFER)
    file.write(memoryview(BYTES)[:size])
    file.finish()
    assert (folder / "file").read_bytes() == BYTES[:size]


@pytest.mark.parametrize("seed", range(4))
def test_a_file_has_the_bytes_that_were_written_piece_by_piece(folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    cuts = sorted({0, len(BYTES), *(draw.randrange(len(BYTES)) for _ in range(200)), 4096, BUFFER_BYTES})
    file = DirectFile(folder / "file", BUFFER)
    for start, end in pairwise(cuts):
        file.write(memoryview(BYTES)[start:end])
        file.write(memoryview(b""))
    file.finish()
    assert (folder / "file").read_bytes() == BYTES


def test_bytes_of_any_kind_of_view_are_written(folder: Path) -> None:
    file = DirectFile(folder / "file", BUFFER)
    file.write(memoryview(BYTES[:64]).cast("q"))
    file.write(memoryview(bytearray(BYTES[64:70])).cast("b"))
    file.finish()
    assert (folder / "file").read_bytes() == BYTES[:70]


def test_what_one_file_left_in_the_buffer_is_not_in_the_next(folder: Path) -> None:
    for number, size in enumerate((BUFFER_BYTES + 5000, 4097, 10)):
        file = DirectFile(folder / str(number), BUFFER)
        file.write(memoryview(BYTES)[number : number + size])
        file.finish()
        assert (folder / str(number)).read_bytes() == BYTES[number : number + size]


def test_a_file_system_that_no_longer_writes_directly_gets_the_bytes_as_usual(folder: Path) -> None:
    # What is left of direct writing after a disk that is nearly full took part of a write, say.
    file = DirectFile(folder / "file", BUFFER)
    file.write(memoryview(BYTES)[: BUFFER_BYTES + 10])
    (descriptor,) = (int(one.name) for one in Path("/proc/self/fd").iterdir() if one.resolve() == folder / "file")
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_DIRECT)
    file.write(memoryview(BYTES)[BUFFER_BYTES + 10 :])
    file.finish()
    assert (folder / "file").read_bytes() == BYTES


def test_a_file_that_is_there_already_is_not_written_over(folder: Path) -> None:
    (folder / "file").write_text("someone else's")
    with pytest.raises(FileExistsError):
        DirectFile(folder / "file", BUFFER)
    assert (folder / "file").read_text() == "someone else's"


def test_no_descriptor_stays_open_after_finish_or_close(folder: Path) -> None:
    for number, end in enumerate((DirectFile.finish, DirectFile.close)):
        file = DirectFile(folder / str(number), BUFFER)
        file.write(memoryview(b"some"))
        end(file)
        file.close()  # once more does no harm
    held = [str(one.resolve()) for one in Path("/proc/self/fd").iterdir()]
    assert not [path for path in held if path.startswith(str(folder))]
    assert [(folder / name).read_bytes() for name in "01"] == [b"some", b""]


LIMITED = """
import resource, sys
from pathlib import Path
from common.direct_io import BUFFER_BYTES, DirectBuffer, DirectFile
path, limit, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
file = DirectFile(path, DirectBuffer())
try:
    file.write(memoryview(bytes(range(256)) * (size // 256)))
    file.finish()
except OSError as error:
    print(error.errno)
"""


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("limit", [4096, 5000, BUFFER_BYTES, BUFFER_BYTES + 4096, BUFFER_BYTES + 5000])
def test_a_disk_that_takes_no_more_is_an_error_and_what_it_took_are_the_first_bytes(folder: Path, limit: int) -> None:
    command = [sys.executable, "-c", LIMITED, folder / "file", str(limit), str(2 * BUFFER_BYTES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr, done.returncode) == (f"{errno.EFBIG}\n", "", 0)
    assert (folder / "file").read_bytes() == (bytes(range(256)) * (limit // 256 + 1))[:limit]


@pytest.mark.usefixtures("processes")
def test_a_disk_that_takes_just_enough_is_no_error(folder: Path) -> None:
    size = BUFFER_BYTES + 5120
    command = [sys.executable, "-c", LIMITED, folder / "file", str(size), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert (folder / "file").stat().st_size == size
