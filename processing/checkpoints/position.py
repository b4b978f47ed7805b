"""Where a run is between its first block and its last part, apart from the rows themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from processing.result import PartFile
from processing.source.text_stream import Entry


@dataclass(slots=True)
class Position:
    """All blocks before ``index`` are read; all groups of totals before ``bucket`` are written, and of its own some."""

    start: int  # of the next block, byte offset in the text
    entry: Entry | None = None  # a place before it, where the file is a stream that can be entered there
    index: int = 0  # of the next block
    rows: int = 0  # used
    plays: int = 0  # of these rows, exact
    is_read: bool = False  # there is no next block
    bucket: int = 0  # the group of totals that is written now
    written: int = 0  # totals of the groups before it
    plays_written: int = 0  # of these totals, exact
    weight: int = 0  # of these groups' sources
    parts: tuple[PartFile, ...] = ()  # finished ones

    @property
    def rows_to_skip(self) -> int:
        """How many totals of the present group lie in finished parts."""
        return sum(part.rows for part in self.parts) - self.written

    def to_state(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Position:
        """The position that was kept."""
        entry = state["entry"] and Entry(**state["entry"])
        return cls(**(state | {"entry": entry, "parts": tuple(PartFile(**part) for part in state["parts"])}))
