"""What is done to jobs in the order that a machine chooses: the world of it, and the deeds it is made of."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine
from redis import Redis

from common.settings import Settings
from store import attempts, jobs, queues
from store.attempts import Claim, LeaseLostError, PublishedPart
from store.database import Base, db
from store.files import Files
from store.models import Job
from store.states import JobState
from tests.accounts import make_account
from worker.attempt import tidy
from worker.reconciler import Reconciler

PART = "part-00001.csv"


@dataclass(frozen=True)
class World:
    """The real things that the machine works on."""

    app: Flask
    settings: Settings
    redis: Redis


@dataclass
class Worker:
    """A process at work on an attempt, or one that everyone takes for dead."""

    claim: Claim
    has_moved: bool = False  # its parts are in results/, its commit is not


def totals(job_id: str) -> bytes:
    """What each attempt at the job writes."""
    return f"totals of {job_id}".encode()


class Deeds(RuleBasedStateMachine):
    """What the events of a state machine have in common: those who are at work, and what was seen so far."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.files = Files(world.settings.data_dir)
        self.redis = world.redis
        self.empty()
        self.owner = make_account("anna")
        # One to which silence means nothing, and one to which everyone is dead at once; they do not share the lease.
        self.patient = Reconciler(world.settings, world.redis)
        self.strict = Reconciler(replace(world.settings, lease_seconds=0), world.redis)
        self.workers: list[Worker] = []
        self.accepted: dict[str, JobState] = {}  # each job that somebody was told about, as it was seen last
        self.attempts_seen: dict[str, int] = {}
        self.removed: set[str] = set()

    def empty(self) -> None:
        """Begin with nothing."""
        db.session.remove()
        for table in reversed(Base.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
        self.redis.flushall()
        self.files.paths.mark.unlink(missing_ok=True)
        for kind in ("incoming", "uploads", "scratch", "staging", "results"):
            shutil.rmtree(self.files.data_dir / kind)
            (self.files.data_dir / kind).mkdir()

    def one_of(self, number: int) -> str:
        return list(self.accepted)[number % len(self.accepted)]

    def worker(self, number: int) -> Worker:
        return self.workers[number % len(self.workers)]

    def row(self, job_id: str) -> Job:
        db.session.expire_all()
        return db.session.get_one(Job, job_id)

    def tell(self, job_id: str) -> None:
        job = self.row(job_id)
        queues.enqueue(self.redis, job_id=job.id, attempt=job.attempt, queue=job.queue, file_bytes=job.upload.bytes)

    def work(self, call: str) -> bool:
        job_id, _, attempt = call.rpartition("-")
        claim = attempts.claim(job_id, int(attempt), 30)
        if claim is None:
            return False
        self.files.take_over(job_id, claim.attempt)
        (self.files.scratch(job_id, claim.attempt) / "bucket-0").write_bytes(b"rows")
        (self.files.staging(job_id, claim.attempt) / PART).write_bytes(totals(job_id))
        self.workers.append(Worker(claim))
        return True

    def move(self, worker: Worker) -> None:
        if worker.has_moved:
            return
        try:
            self.files.publish(worker.claim.job_id, worker.claim.attempt)
        except FileNotFoundError:  # another attempt has taken its files over, or the job was removed
            self.workers.remove(worker)
            tidy(worker.claim.job_id, worker.claim.attempt, self.files)
        else:
            worker.has_moved = True

    def finish(self, worker: Worker) -> None:
        self.move(worker)
        if worker not in self.workers:
            return
        self.workers.remove(worker)
        content = totals(worker.claim.job_id)
        part = PublishedPart(PART, 1, len(content), hashlib.sha256(content).hexdigest())
        self.unless_lost(
            worker.claim, lambda: attempts.publish(worker.claim, {"rows_read": 1}, [part], jobs.keep_until(1))
        )
        tidy(worker.claim.job_id, worker.claim.attempt, self.files)

    def unless_lost(self, claim: Claim, write: Callable[[], None]) -> None:
        held = attempts.holds(claim)
        try:
            write()
        except LeaseLostError:
            assert not held
        else:
            assert held
