"""The watch over running attempts: no two clocks are compared."""

from __future__ import annotations

from datetime import datetime, timedelta

from store.database import now
from store.expiry import Pulse
from worker.liveness import LONGEST_GAP, Watch


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def pulse(heartbeat_at: datetime, job_id: str = "a", attempt: int = 1) -> Pulse:
    return Pulse(job_id, attempt, heartbeat_at, is_released=False)


def looks(watch: Watch, clock: Clock, pulses: list[Pulse], seconds: int) -> list[list[tuple[str, int]]]:
    """A look each second, all with the same pulses."""
    found = []
    for _ in range(seconds):
        clock.seconds += 1
        found.append(watch.dead(pulses))
    return found


def test_an_attempt_is_dead_after_its_patience_of_silence() -> None:
    clock = Clock()
    watch = Watch(10, clock)
    assert watch.dead([pulse(now())]) == []
    same = [pulse(now())]
    assert watch.dead(same) == []
    found = looks(watch, clock, same, 12)
    assert found == [[]] * 9 + [[("a", 1)]] * 3


def test_whoever_gives_signs_lives_whatever_its_clock_says() -> None:
    clock = Clock()
    watch = Watch(10, clock)
    for second in range(100):
        clock.seconds += 1
        hour_off = now() - timedelta(hours=1) - timedelta(seconds=second // 5)  # and it runs backwards
        assert watch.dead([pulse(hour_off)]) == []


def test_the_next_attempt_is_watched_from_its_own_beginning() -> None:
    clock, moment = Clock(), now()
    watch = Watch(10, clock)
    looks(watch, clock, [pulse(moment)], 9)
    assert looks(watch, clock, [pulse(moment, attempt=2)], 10)[-1] == []
    assert looks(watch, clock, [pulse(moment, attempt=2)], 1)[-1] == [("a", 2)]


def test_nobody_is_dead_because_we_ourselves_did_not_look() -> None:
    clock = Clock()
    watch = Watch(10, clock)
    same = [pulse(now())]
    for _ in range(3):
        assert watch.dead(same) == []
        clock.seconds += 3600
    assert 3 * LONGEST_GAP < 10
