"""Probes with a timeout, for what may never answer: a locked database, a stopped Redis, a disk that hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProbeResult(Generic[T]):
    """The result of a probe; value is None after an error or a timeout."""

    ok: bool
    value: T | None
    milliseconds: int  # until the answer or the timeout


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[T]):
    value: T | None
    problem: str | None
    at: float  # on the monotonic clock


class Probe(Generic[T]):
    """A call in a thread of its own, with a timeout in seconds.

    While one call hangs no second one is started: all callers share its result.
    """

    def __init__(self, name: str, question: Callable[[], T], seconds: float) -> None:
        self._name = name
        self._question = question
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asked: Future[_Outcome[T]] | None = None
        self._was_ok = True

    def begin(self) -> Callable[[], ProbeResult[T]]:
        """Start the probe; return a function that waits for its result, so that several probes can run at once."""
        began = time.monotonic()
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._find_out, args=[self._asked], name="probe", daemon=True).start()
            asked = self._asked
        return lambda: self._wait(asked, began)

    def _find_out(self, asked: Future[_Outcome[T]]) -> None:
        value, problem = None, None
        try:
            value = self._question()
        except Exception as error:  # any error means that there is no answer
            problem = next(iter(str(error).splitlines()), type(error).__name__)
        asked.set_result(_Outcome(value, problem, time.monotonic()))

    def _wait(self, asked: Future[_Outcome[T]], began: float) -> ProbeResult[T]:
        too_late = began + self._seconds
        try:
            outcome = asked.result(timeout=max(0.0, too_late - time.monotonic()))
        except TimeoutError:
            outcome = None
        if outcome is None or outcome.at > too_late:  # a caller that waits for several may look late
            outcome = _Outcome(None, f"no answer in {self._seconds:g} seconds", too_late)
        self._note(outcome.problem)
        return ProbeResult(outcome.problem is None, outcome.value, max(0, round((outcome.at - began) * 1000)))

    def _note(self, problem: str | None) -> None:
        """Log the first failure and the first success after it, not each."""
        if problem is not None and self._was_ok:
            _log.warning("%s unreachable: %s", self._name, problem)
        elif problem is None and not self._was_ok:
            _log.info("%s reachable again", self._name)
        self._was_ok = problem is None
