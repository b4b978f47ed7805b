"""One fault upon one site: files that are sent twice, a poller that watches their jobs, what came of it all."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.client import Reply
from tests.faults.files import PlayFile
from tests.faults.poller import Poller
from tests.faults.site import Site
from tests.processes import eventually

SENDERS = 4
COPIES = 2
PAUSE = 0.2  # seconds before a file that was not accepted is sent again


@dataclass(frozen=True, slots=True)
class Accepted:
    """An upload that was answered with a job: 201, or 409 with an earlier one."""

    file: PlayFile
    status: int
    job_id: str


class Trial:
    """What a fault gets to work with; ``name`` is the account's, new on this site."""

    def __init__(self, site: Site, name: str, files: list[PlayFile], allowed: frozenset[int] = frozenset()) -> None:
        self.site = site
        self.name = name
        self.files = files
        self.caller = site.new_caller(name)
        self.poller = Poller(self.caller, allowed)
        self.bystanders: list[PlayFile] = []  # whose jobs only keep others busy
        self.accepted: list[Accepted] = []
        self.answers: list[Reply] = []  # to uploads, those that said no among them
        self.patience = 300 + 6 * (site.conditions.lease_seconds + site.conditions.reconcile_seconds)
        self.struck_at = time.time()  # or the end of an outage
        self._sending: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(SENDERS)
        self._gave_up = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have the poller at work."""
        self.poller.start()
        try:
            yield
        finally:
            self._gave_up.set()
            self._pool.shutdown(cancel_futures=True)
            self.poller.stop()

    def send(self, files: list[PlayFile] | None = None, copies: int = COPIES) -> None:
        """Begin to send these files, or all, in no order, each so often."""
        tasks = (self.files if files is None else files) * copies
        random.Random(self.name).shuffle(tasks)
        self._sending += [self._pool.submit(self._send, file) for file in tasks]

    def order(self, point: str, times: int = 1, number: signal.Signals = signal.SIGKILL) -> None:
        """Have the first processes that pass a point end there, or be held."""
        self.site.orders.give(point, number, times)

    def last_obeyed(self) -> float:
        """When a process last came to a point that it was ordered for; an error when none did."""
        return self.site.orders.last_obeyed()

    def one_held(self) -> int:
        """The process that a signal holds, waited for."""
        return eventually(self.site.held, self.patience)[0]

    def struck(self) -> None:
        """Note that the fault happens now, or that the outage ends now."""
        self.struck_at = time.time()

    def wait_for_accepted(self, share: float = 0.5) -> None:
        """Until so many of the uploads that were begun are accepted."""
        self.wait(lambda: len(self.accepted) >= share * len(self._sending))

    def is_sending(self) -> bool:
        """Whether some uploads are not accepted yet."""
        return not all(sending.done() for sending in self._sending)

    def wait_for_all_accepted(self) -> None:
        """Until each upload has its 201 or 409."""
        for sending in self._sending:
            sending.result(self.patience)

    def wait_for_ends(self) -> None:
        """Until all jobs have ended, or patience has."""
        self.wait_for_all_accepted()
        self.wait(lambda: all(watched.has_ended for watched in self.poller.all()))

    def wait_for_ends_of(self, names: list[str]) -> None:
        """Until all jobs of the files of these names that were accepted have ended, or patience has."""
        wanted = {accepted.job_id for accepted in self.accepted if accepted.file.name in names}
        self.wait(lambda: all(watched.has_ended for watched in self.poller.all() if watched.job_id in wanted))

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Until the condition holds; False when patience ended before."""
        deadline = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def take(self, file: PlayFile, answer: Reply) -> Accepted:
        """Count an answer that names a job."""
        accepted = Accepted(file, answer.status, str(answer.json()["uuid"]))
        self.accepted.append(accepted)
        self.poller.watch(accepted.job_id)
        return accepted

    def seconds_to_recover(self) -> float:
        """From the fault to the last end that the poller saw, bystanders aside."""
        counted = {accepted.job_id for accepted in self.accepted if accepted.file not in self.bystanders}
        ended = [watched for watched in self.poller.all() if watched.has_ended and watched.job_id in counted]
        return max(0.0, max((watched.seen[-1][0] for watched in ended), default=self.struck_at) - self.struck_at)

    def _send(self, file: PlayFile) -> None:
        """Send until it is accepted."""
        while not self._gave_up.is_set():
            answer = self.caller.upload(file)
            if answer is not None:
                self.answers.append(answer)
                if answer.status in (201, 409):
                    self.take(file, answer)
                    return
            time.sleep(PAUSE)
