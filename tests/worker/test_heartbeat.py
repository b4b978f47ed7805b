"""The heartbeat: keeps the lease of a long silent step, and learns when it is lost."""

from __future__ import annotations

from flask import Flask

from store import attempts, jobs
from tests.processes import eventually
from tests.worker.conftest import Submitted, reread
from worker.heartbeat import Heartbeat


def test_the_lease_is_renewed_while_nothing_else_happens(store_app: Flask, job: Submitted) -> None:
    claim = attempts.claim(job.id, 1, 1)
    assert claim is not None
    until = reread(job.id).lease_until
    with Heartbeat(store_app, claim, 1) as heartbeat:
        eventually(lambda: reread(job.id).lease_until > until)
    assert not heartbeat.lost.is_set()


def test_a_cancelled_job_is_noticed_without_any_progress_and_long_before_the_next_renewal(
    store_app: Flask, job: Submitted
) -> None:
    claim = attempts.claim(job.id, 1, 100_000)
    assert claim is not None
    with Heartbeat(store_app, claim, 100_000) as heartbeat:
        jobs.cancel(job.id, jobs.keep_until(1))
        eventually(heartbeat.lost.is_set)
