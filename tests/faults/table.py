"""What came of the faults, as a table for people and for docs."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Row:
    """One fault on one site."""

    fault: str
    services: str
    files: int
    accepted: int  # uploads answered with a job
    lost: int  # accepted jobs without an end, or gone
    doubled: int  # files with more than one job
    torn: int  # jobs whose parts are not what they should be
    seconds_to_recover: float  # from the fault, or the end of an outage, to the last job's end
    slowest_upload: float  # seconds until it was answered
    problems: tuple[str, ...]  # whatever is not as it should be, in words


def markdown(rows: list[Row]) -> str:
    """A table with bars; of the problems their number."""
    names = [field.name.replace("_", " ") for field in fields(Row)]
    lines = [names, ["---", "---", *["---:"] * (len(names) - 2)]]
    lines += [[_shown(value) for value in astuple(row)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return str(len(value)) if isinstance(value, tuple) else str(value)
