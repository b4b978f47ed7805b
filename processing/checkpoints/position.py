"""The position of a run between its first block and its last part, apart from the rows themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from processing.result import PartFile
from processing.source.text_stream import Entry


@dataclass(slots=True)
class Position:
    """A position: blocks before ``index`` are read, groups of totals before ``bucket`` written, and some of its own."""

    start: int  # of the next block, byte offset in the text
    entry: Entry | None = None  # a point before it at which a stream can be entered, if there is one
    index: int = 0  # of the next block
    rows: int = 0  # used
    plays: int = 0  # of these rows, exact
    is_read: bool = False  # no block is left
    bucket: int = 0  # the group of totals that is being written
    written: int = 0  # totals of the groups before it
    plays_written: int = 0  # of these totals, exact
    weight: int = 0  # rows in the sources of these groups
    parts: tuple[PartFile, ...] = ()  # the finished ones

    @property
    def rows_to_skip(self) -> int:
        """The number of totals of the current group that are in finished parts."""
        return sum(part.rows for part in self.parts) - self.written

    def to_state(self) -> dict[str, Any]:
        """Return the position as JSON-serializable state."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Position:
        """Return the position that was saved."""
        entry = state["entry"] and Entry(**state["entry"])
        return cls(**(state | {"entry": entry, "parts": tuple(PartFile(**part) for part in state["parts"])}))
