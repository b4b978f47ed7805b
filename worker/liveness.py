"""Detection of dead attempts by their heartbeats, without comparing clocks of different machines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from store.expiry import Pulse

LONGEST_GAP = 3.0  # seconds of silence that one interval between two looks may add, however long it was


@dataclass(slots=True)
class _Seen:
    pulse: datetime | None
    silent: float = 0.0  # seconds for which it was watched and did not change


class Watch:
    """The memory of when each running attempt last had a new heartbeat, by this process's monotonic clock.

    So a worker whose clock is an hour off counts as alive, and no attempt is taken for dead because this process was
    stopped or the database was locked.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Count an attempt as dead after ``patience`` seconds without a new heartbeat."""
        self._patience = patience
        self._clock = clock
        self._looked: float | None = None
        self._seen: dict[tuple[str, int], _Seen] = {}

    def dead(self, pulses: Iterable[Pulse]) -> list[tuple[str, int]]:
        """Return the dead ones of all running attempts, as pairs of job and attempt."""
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
