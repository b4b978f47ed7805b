"""The song dictionary on the disk, in order of appearance: each file holds the songs since the one before."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from processing.checkpoints.checkpoint import Snapshot, State, fresh_path


class SongFiles:
    """The song files of one run; ``schema`` begins with the song as text."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._paths: list[Path] = []
        self._count = 0

    def snapshot(self, songs: pa.RecordBatch) -> Snapshot:
        """Return all songs so far, of which the first ones are those of the last snapshot."""
        if len(songs) > self._count:
            path = fresh_path(self._folder, "songs", ".arrow")
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self._schema) as writer:
                writer.write_batch(songs.slice(self._count))
            self._paths.append(path)
            self._count = len(songs)
        return Snapshot({"count": self._count, "files": [path.name for path in self._paths]}, tuple(self._paths))

    def resume(self, state: State) -> pa.Table:
        """Return the songs that were saved, each column in one chunk."""
        self._paths = [self._folder / name for name in state["files"]]
        self._count = state["count"]
        tables = [self._schema.empty_table()]
        for path in self._paths:
            with pa.OSFile(str(path)) as file:
                tables.append(pa.ipc.open_file(file).read_all())
        found = pa.concat_tables(tables).combine_chunks()
        if len(found) != self._count:
            raise ValueError("songs are missing")
        return found
