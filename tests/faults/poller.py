"""A client that asks after all accepted jobs in turn, all the time, and notes what must not be seen."""

from __future__ import annotations

import threading
import time

from store.states import STATES, JobState
from tests.faults.client import Caller, Reply

PAUSE = 0.02  # seconds between two jobs: others need the processor, too
ENDED_AT_A_TURN = 5  # ended jobs looked at again in a turn, beside all that have not ended
GONE = "gone"


def reachable(before: JobState) -> set[JobState]:
    """The states that a job may be seen in later, itself included: a client may miss those between."""
    found: set[JobState] = set()
    open_ones = {before}
    while open_ones:
        state = open_ones.pop()
        found.add(state)
        open_ones |= STATES[state].followers - found
    return found


class Watched:
    """What was seen of one job."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.seen: list[tuple[float, str]] = []  # (time, state) at each change
        self.answer: bytes | None = None  # of its end
        self.may_go = False  # it is being deleted

    @property
    def last(self) -> str | None:
        """The state seen last."""
        return self.seen[-1][1] if self.seen else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.last is not None and (self.last == GONE or STATES[JobState(self.last)].is_final)


class Poller:
    """A thread of its own between ``start`` and ``stop``; ``faults`` is what it saw that must not be."""

    def __init__(self, caller: Caller, allowed: frozenset[int]) -> None:
        self.faults: list[str] = []
        self._caller = caller
        self._allowed = allowed  # codes of answers that a fault may lead to
        self._watched: dict[str, Watched] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller")
        self._turns = 0

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End asking."""
        self._stopped.set()
        self._thread.join()

    def watch(self, job_id: str) -> None:
        """Ask after this job, too."""
        self._watched.setdefault(job_id, Watched(job_id))

    def let_go(self, job_id: str) -> None:
        """From now on the job may be gone."""
        self.watch(job_id)
        self._watched[job_id].may_go = True

    def all(self) -> list[Watched]:
        """What was seen of each job."""
        return list(self._watched.values())

    def look_at_all(self) -> None:
        """One turn over all jobs, in the calling thread once the poller was stopped."""
        for watched in self.all():
            self._look(watched)

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE):
            self._turns += 1
            ended = [watched for watched in self.all() if watched.has_ended]
            start = self._turns * ENDED_AT_A_TURN % max(len(ended), 1)
            for watched in [one for one in self.all() if not one.has_ended] + ended[start : start + ENDED_AT_A_TURN]:
                self._look(watched)
                if self._stopped.wait(PAUSE):
                    return

    def _look(self, watched: Watched) -> None:
        answer = self._caller.job(watched.job_id)
        if answer is not None and answer.status == 200:
            self._note(watched, str(answer.json()["state"]))
        else:
            self._note_other(watched, answer)
        answer = self._caller.result(watched.job_id)
        if answer is not None and answer.status in (200, 406, 410):
            self._note_end(watched, answer)
        elif answer is not None and answer.status == 425:
            if watched.has_ended:
                self._wrong(watched, f"was seen {watched.last}, then not ended")
        else:
            self._note_other(watched, answer)

    def _note(self, watched: Watched, state: str) -> None:
        last = watched.last
        if last == state:
            return
        if last is not None and (last == GONE or JobState(state) not in reachable(JobState(last))):
            self._wrong(watched, f"was seen {last}, then {state}")
        watched.seen.append((time.time(), state))

    def _note_end(self, watched: Watched, answer: Reply) -> None:
        if answer.status == 200:
            self._note(watched, JobState.DONE)
        elif watched.last not in (JobState.FAILED, JobState.CANCELLED):  # which of both, the other call says
            self._note_other(watched, None)
        if watched.answer not in (None, answer.body):
            self._wrong(watched, f"had the end {watched.answer!r}, then {answer.body!r}")
        watched.answer = answer.body

    def _note_other(self, watched: Watched, answer: Reply | None) -> None:
        if answer is None:
            return  # nobody listened
        if answer.status == 404 and watched.may_go:
            if watched.last != GONE:
                watched.seen.append((time.time(), GONE))
        elif answer.status not in self._allowed:
            self._wrong(watched, f"was answered with {answer.status}: {answer.body[:200]!r}")

    def _wrong(self, watched: Watched, words: str) -> None:
        self.faults.append(f"job {watched.job_id} {words}")
