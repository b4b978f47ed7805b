"""What came of the faults, as a table for people and for docs."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Row:
    """One fault on one site."""

    fault: str
    services: str
    files: int
    accepted: int
    lost: int
    doubled: int
    torn: int
    seconds_to_recover: float
    slowest_upload: float  # seconds
    problems: int


def markdown(rows: list[Row]) -> str:
    """A table with bars."""
    names = [field.name.replace("_", " ") for field in fields(Row)]
    lines = [names, ["---"] + ["---:" if name != "services" else "---" for name in names[1:]]]
    lines += [[f"{value:.1f}" if isinstance(value, float) else str(value) for value in astuple(row)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
