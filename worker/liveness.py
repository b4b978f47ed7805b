"""Telling living attempts from dead ones without comparing clocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from store.expiry import Pulse

LONGEST_GAP = 3.0  # seconds between two looks that count; in a longer one we saw nothing, be it dead or not


@dataclass(slots=True)
class _Seen:
    pulse: datetime | None
    silent: float = 0.0  # seconds of watching in which it did not change


class Watch:
    """Remembers when each running attempt last showed a new sign of life, by this process's own steady clock.

    So a worker whose clock is an hour off lives, and nobody is taken for dead because we ourselves were stopped or
    the database was locked.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``patience``: seconds of silence after which an attempt is dead."""
        self._patience = patience
        self._clock = clock
        self._looked: float | None = None
        self._seen: dict[tuple[str, int], _Seen] = {}

    def dead(self, pulses: Iterable[Pulse]) -> list[tuple[str, int]]:
        """Of all running attempts, those (job, attempt) that were silent for too long."""
        moment = self._clock()
        gap = 0.0 if self._looked is None else min(moment - self._looked, LONGEST_GAP)
        self._looked = moment
        seen: dict[tuple[str, int], _Seen] = {}
        for pulse in pulses:
            key = (pulse.job_id, pulse.attempt)
            before = self._seen.get(key)
            if before is None or before.pulse != pulse.heartbeat_at:
                seen[key] = _Seen(pulse.heartbeat_at)
            else:
                seen[key] = _Seen(pulse.heartbeat_at, before.silent + gap)
        self._seen = seen
        return [key for key, one in seen.items() if one.silent >= self._patience]
