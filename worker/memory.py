"""How much memory a process holds, and how much a job may."""

from __future__ import annotations

from pathlib import Path

_ABOVE_THE_LIMIT = 128 << 20  # bytes: what allocators keep for later, and what a peak between two looks may be


def held_bytes(process: int) -> int:
    """The anonymous memory in use: not files that are mapped or cached; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def most_bytes(memory_limit: int) -> int:
    """At how many bytes a job is ended: processing plans with the limit, so this is a good deal above it."""
    return memory_limit + memory_limit // 4 + _ABOVE_THE_LIMIT
