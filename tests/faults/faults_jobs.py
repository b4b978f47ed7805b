"""Jobs that the queue knows several times, and jobs that people stop."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from rq import Queue
from rq.serializers import JSONSerializer

from store import queues
from store.states import JobState
from tests.faults.client import Reply, ask
from tests.faults.fault import Fault
from tests.faults.site import PASSWORD, SECOND_SMALL, SMALL
from tests.faults.trial import Trial

COPIES_IN_QUEUE = 5
PRESSERS = 16
LONGEST_WAIT = 3.0  # seconds from the upload to the button
ENDS = frozenset({JobState.DONE, JobState.CANCELLED})


def faults() -> Iterator[Fault]:
    """By machines and by people."""
    yield Fault(f"each job {COPIES_IN_QUEUE} times in the queue", enqueued_often)
    yield Fault("cancelled twice at any moment", pressed("cancel"), ends=ENDS, may_repeat=True)
    yield Fault("deleted twice at any moment", pressed("delete"), ends=ENDS, may_repeat=True)


def enqueued_often(trial: Trial) -> None:
    """Two workers find them all at once."""
    trial.site.arrange(less=(SMALL,))
    trial.send()
    trial.wait_for_all_accepted()
    with queues.connect(trial.site.settings.redis_url) as redis:
        queue = Queue(queues.SMALL, connection=redis, serializer=JSONSerializer)
        for job_id in {accepted.job_id for accepted in trial.accepted}:
            for number in range(1, COPIES_IN_QUEUE):
                queue.enqueue_call(queues.TASK, args=(job_id, 1), job_id=f"{queues.call_id(job_id, 1)}-again-{number}")
    trial.struck()
    trial.site.arrange(more=(SECOND_SMALL,))
    trial.wait_for_ends()


def pressed(button: str) -> Callable[[Trial], None]:
    """A button of the job's page, pressed twice at once, a random time after the upload was answered."""

    def happen(trial: Trial) -> None:
        chance = random.Random(button)
        visitor = Visitor.signed_in(trial)
        trial.send()
        with ThreadPoolExecutor(PRESSERS) as pool:
            pressing: list[Future[None]] = []
            while trial.is_sending() or len(pressing) < 2 * len(trial.accepted):
                for accepted in trial.accepted[len(pressing) // 2 :]:
                    wait = chance.uniform(0, LONGEST_WAIT)
                    pressing += [pool.submit(visitor.press, button, accepted.job_id, wait) for _ in range(2)]
                time.sleep(0.02)
        for one in pressing:
            one.result()
        trial.struck()
        trial.wait_for_ends()

    return happen


@dataclass(frozen=True, slots=True)
class Visitor:
    """The account of a trial, signed in on the pages."""

    trial: Trial
    cookie: str
    token: str

    @classmethod
    def signed_in(cls, trial: Trial) -> Visitor:
        """As a browser does it, on a site that is well."""
        visitor = cls._of_page(trial, "/sign-in", "")
        answer = visitor.post("/sign-in", username=trial.name, password=PASSWORD)
        assert answer is not None
        assert answer.status == 303, answer
        return cls._of_page(trial, "/", answer.headers["Set-Cookie"])

    @classmethod
    def _of_page(cls, trial: Trial, path: str, cookie: str) -> Visitor:
        page = ask(trial.site.base, "GET", path, headers={"Cookie": cookie})
        assert page is not None
        (token, *_) = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page.body.decode())
        return cls(trial, page.headers.get("Set-Cookie", cookie), token)

    def post(self, path: str, **fields: str) -> Reply | None:
        """Send a form."""
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(fields | {"csrf_token": self.token}).encode()
        return ask(self.trial.site.base, "POST", path, body, headers)

    def press(self, button: str, job_id: str, wait: float) -> None:
        """Press a button of a job's page after so many seconds."""
        time.sleep(wait)
        if button == "delete":
            self.trial.poller.let_go(job_id)
        answer = self.post(f"/jobs/{job_id}/{button}")
        assert answer is not None
        assert answer.status in (303, 404), f"the button {button} was answered with {answer.status}"
