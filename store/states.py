"""The states of a job and their transitions: one table for store, worker, pages and API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """The state of a job; the value is the word in the API and the database."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What is true of every job in a state."""

    sentence: str  # for people, without its full stop
    is_final: bool  # no attempt will follow
    followers: frozenset[JobState]  # the states that may come next


_S = JobState

STATES: dict[JobState, StateFacts] = {
    _S.QUEUED: StateFacts("Waiting to start", False, frozenset({_S.RUNNING, _S.CANCELLED})),
    _S.RUNNING: StateFacts(
        "Adding up your plays",
        False,
        frozenset({_S.QUEUED, _S.DONE, _S.FAILED, _S.CANCELLED}),
    ),
    _S.DONE: StateFacts("Your totals are ready", True, frozenset({_S.EXPIRED})),
    _S.FAILED: StateFacts("We couldn't add up this file", True, frozenset({_S.EXPIRED})),
    _S.CANCELLED: StateFacts("Cancelled", True, frozenset({_S.EXPIRED})),
    _S.EXPIRED: StateFacts("This result expired", True, frozenset()),
}

UNFINISHED = tuple(state for state, facts in STATES.items() if not facts.is_final)


def may_follow(before: JobState, after: JobState) -> bool:
    """Tell whether a job may go from one state to the other."""
    return after in STATES[before].followers
