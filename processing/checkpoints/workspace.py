"""The workspace of a run: a scratch folder, and a staging folder for what is published at the end.

Both are temporary, unless checkpoints are kept: then they have fixed names and survive the process.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processing.options import Options

CHECKPOINT = "checkpoint.json"
_STAGING = ".unfinished"


def run_folder(scratch: Path) -> Path:
    """Return where in the caller's scratch folder a run with checkpoints works."""
    return scratch / "run"


def is_unfinished(output: Path) -> bool:
    """Return whether a run with checkpoints was interrupted in this output folder."""
    return (output / _STAGING).is_dir()


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of one run."""

    scratch: Path
    staging: Path

    def clear(self) -> None:
        """Create both folders, empty; a checkpoint is removed first, so that none depends on files that are gone."""
        _remove(self.scratch / CHECKPOINT)
        _remove(self.scratch)
        self.scratch.mkdir(mode=0o700, parents=True)
        if not self.staging.is_dir():
            _remove(self.staging)
            self.staging.mkdir(mode=0o700)
        for path in self.staging.iterdir():
            if path not in self.scratch.parents:
                _remove(path)

    def keep_only(self, wanted: set[Path]) -> None:
        """Remove all files except these and the checkpoint."""
        for folder in (self.scratch, self.staging):
            for path in folder.rglob("*"):
                if not path.is_dir() and path not in wanted and path != self.scratch / CHECKPOINT:
                    path.unlink()

    def name_of(self, path: Path) -> str:
        """Return a name for a file in either folder that stays valid when the folders are renamed."""
        if path.is_relative_to(self.scratch):
            return f"scratch/{path.relative_to(self.scratch)}"
        return f"staging/{path.relative_to(self.staging)}"

    def path_of(self, name: str) -> Path:
        """Return the path of a file with such a name."""
        folder, _slash, rest = name.partition("/")
        return (self.scratch if folder == "scratch" else self.staging) / rest

    def folders_to(self, path: Path) -> list[Path]:
        """Return the folders that must be synced so that the file can be found after a crash."""
        top = self.scratch if path.is_relative_to(self.scratch) else self.staging
        return [folder for folder in path.parents if folder.is_relative_to(top.parent)]


@contextmanager
def workspace_for(output: Path, options: Options) -> Iterator[Workspace]:
    """Provide the folders of a run and remove them at its end, unless it keeps checkpoints and is interrupted."""
    if options.keeps_checkpoints:
        if options.scratch is None:
            raise ValueError("checkpoints are kept in a scratch folder, but there is none")
        workspace = Workspace(run_folder(options.scratch), output / _STAGING)
        tops = [workspace.scratch, workspace.staging]
    else:
        staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}-", dir=output))
        scratch = Path(tempfile.mkdtemp(prefix="buckets-", dir=options.scratch or staging))
        workspace, tops = Workspace(scratch / "run", staging), [scratch, staging]
    try:
        yield workspace
    except BaseException as error:
        if not options.keeps_checkpoints or isinstance(error, Exception):
            _remove_folders(workspace, tops)
        raise
    _remove_folders(workspace, tops)


def _remove_folders(workspace: Workspace, tops: list[Path]) -> None:
    (workspace.scratch / CHECKPOINT).unlink(missing_ok=True)
    for top in tops:
        shutil.rmtree(top, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
