"""Small disks under the folders of a site, which can be filled up. Only root may mount them."""

from __future__ import annotations

import os
import subprocess
from enum import StrEnum
from pathlib import Path

MEGABYTES = 256
_FILLER = "filler"


class Disk(StrEnum):
    """What a small disk is for."""

    UPLOADS = "uploads"
    SCRATCH = "scratch"
    OUTPUT = "output"


# Files are renamed from one folder of a disk to the other.
FOLDERS = {Disk.UPLOADS: ("incoming", "uploads"), Disk.SCRATCH: ("scratch",), Disk.OUTPUT: ("staging", "results")}


def may_mount() -> bool:
    """Whether this process may mount a disk: root often may, in some containers not."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


class Disks:
    """The disks of one site, mounted in ``folder``; DATA_DIR has links to them."""

    def __init__(self, folder: Path, data_dir: Path) -> None:
        self._folder = folder
        self._data_dir = data_dir

    def mount(self) -> None:
        """Before the site is started for the first time."""
        for disk, names in FOLDERS.items():
            where = self._folder / disk
            where.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(where)], check=True)
            for name in names:
                (where / name).mkdir()
                (self._data_dir / name).symlink_to(where / name)

    def unmount(self) -> None:
        """Once the site is stopped; what they held is gone."""
        for disk in FOLDERS:
            subprocess.run(["umount", "--lazy", str(self._folder / disk)], check=True)

    def fill(self, disk: Disk) -> None:
        """Leave no byte free."""
        with open(self._folder / disk / _FILLER, "wb", buffering=0) as file:
            space = os.statvfs(file.fileno())
            os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize)

    def make_room(self, disk: Disk) -> None:
        """Take the filler away."""
        (self._folder / disk / _FILLER).unlink(missing_ok=True)
