"""Jobs under any order of events: each gets one end, which stays, and the disk agrees with the database."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from redis import Redis

from common.settings import Settings
from store import accept_upload, attempts, jobs, orphans, queues
from store.attempts import MAX_CRASHES
from store.database import db, now
from store.models import Job, Part, Upload
from store.options import JobOptions
from store.states import STATES, JobState, may_follow
from tests.examples import examples
from tests.worker.job_deeds import Deeds, World, totals
from worker.attempt import tidy

FEW = st.integers(0, 5)


class Jobs(Deeds):
    """What web, workers and two reconcilers do, one event after another, in an order that the machine chooses."""

    # What people and scripts do

    @rule(number=FEW, tells=st.booleans())
    def send(self, number: int, tells: bool) -> None:
        content = f"file {number}".encode()
        path = self.files.paths.new_incoming()
        path.write_bytes(content)
        received = accept_upload.Received(path, "plays.csv", len(content), hashlib.sha256(content).hexdigest())
        try:
            job = accept_upload.accept(self.files, self.owner, received, JobOptions())
        except accept_upload.AlreadySentError as refusal:
            earlier = refusal.job_id
        else:
            self.accepted[job.id] = JobState.QUEUED
            if tells:  # else the queue was away
                self.tell(job.id)
            return
        assert self.accepted[earlier] in (JobState.QUEUED, JobState.RUNNING, JobState.DONE)

    @precondition(lambda self: self.accepted)
    @rule(number=FEW)
    def cancel(self, number: int) -> None:
        jobs.cancel(self.one_of(number), jobs.keep_until(1))

    @precondition(lambda self: self.accepted)
    @rule(number=FEW)
    def remove(self, number: int) -> None:
        job_id = self.one_of(number)
        jobs.remove(self.files, job_id)
        self.removed.add(job_id)
        del self.accepted[job_id]

    @precondition(lambda self: self.accepted)
    @rule(number=FEW)
    def run_again(self, number: int) -> None:
        job = self.row(self.one_of(number))
        assume(STATES[job.state].is_final and job.state is not JobState.EXPIRED)
        self.accepted[jobs.run_again(job, JobOptions()).id] = JobState.QUEUED

    @precondition(lambda self: self.accepted)
    @rule(number=FEW)
    def let_its_date_pass(self, number: int) -> None:
        job = self.row(self.one_of(number))
        assume(job.keep_until is not None)
        job.keep_until = now() - timedelta(days=1)
        db.session.commit()

    # What happens to the queue

    @precondition(lambda self: self.accepted)
    @rule(number=FEW, copies=st.integers(1, 5))
    def enqueue_it_again(self, number: int, copies: int) -> None:
        job = self.row(self.one_of(number))
        for _ in range(copies):
            self.redis.rpush("rq:queue:small", queues.call_id(job.id, job.attempt))

    @rule()
    def forget_everything(self) -> None:
        self.redis.flushall()

    # What workers do

    @rule(claims=st.booleans())
    def take_from_the_queue(self, claims: bool) -> None:
        call = self.redis.lpop("rq:queue:small")
        assume(call is not None)
        if claims:  # else it died with the call in its hands
            self.work(call.decode())

    @precondition(lambda self: self.workers)
    @rule(number=FEW)
    def show_progress(self, number: int) -> None:
        claim = self.worker(number).claim
        self.unless_lost(
            claim,
            lambda: attempts.record_progress(
                claim, step="reading", fraction=0.5, rows_read=1, rows_per_second=None, seconds_left=1, lease_seconds=30
            ),
        )

    @precondition(lambda self: self.workers)
    @rule(number=FEW)
    def move_to_results(self, number: int) -> None:
        self.move(self.worker(number))

    @precondition(lambda self: self.workers)
    @rule(number=FEW)
    def publish(self, number: int) -> None:
        self.finish(self.worker(number))

    @precondition(lambda self: self.workers)
    @rule(number=FEW)
    def fail(self, number: int) -> None:
        worker = self.worker(number)
        self.workers.remove(worker)
        self.unless_lost(worker.claim, lambda: attempts.fail(worker.claim, {"code": "x"}, jobs.keep_until(1)))
        tidy(worker.claim.job_id, worker.claim.attempt, self.files)

    @precondition(lambda self: self.workers)
    @rule(number=FEW, crashed=st.booleans())
    def end_under_the_eyes_of_its_parent(self, number: int, crashed: bool) -> None:
        worker = self.worker(number)
        self.workers.remove(worker)
        attempts.release(worker.claim.job_id, worker.claim.attempt, crashed=crashed)
        tidy(worker.claim.job_id, worker.claim.attempt, self.files)

    @precondition(lambda self: self.workers)
    @rule(number=FEW)
    def end_unseen(self, number: int) -> None:
        self.workers.remove(self.worker(number))

    # What reconcilers do

    @rule()
    def look_with_patience(self) -> None:
        self.patient.look()

    @rule()
    def turn_with_patience(self) -> None:
        self.patient.turn()

    @rule()
    def turn_without_patience(self) -> None:
        self.strict.turn()

    # What must hold

    @invariant()
    def an_end_stays_and_each_change_is_one_that_may_be(self) -> None:
        for job_id, before in list(self.accepted.items()):
            job = self.row(job_id)
            assert job.state is before or may_follow(before, job.state) or leads_on(before, job.state)
            assert job.attempt >= self.attempts_seen.get(job_id, 1)
            assert job.crashes <= MAX_CRASHES
            self.accepted[job_id], self.attempts_seen[job_id] = job.state, job.attempt
        db.session.rollback()

    @invariant()
    def what_is_done_has_its_parts_whole_and_once(self) -> None:
        for job_id, state in self.accepted.items():
            job = self.row(job_id)
            if state is JobState.DONE:
                (part,) = job.parts
                content = self.files.result(job_id, job.attempt, part.name).read_bytes()
                assert (content, part.sha256) == (totals(job_id), hashlib.sha256(content).hexdigest())
            elif state is not JobState.EXPIRED:
                assert job.parts == []
            if state is not JobState.EXPIRED:
                assert self.files.upload(job.upload_id).exists()
        db.session.rollback()

    @invariant()
    def what_was_removed_is_gone(self) -> None:
        assert not {job_id for (job_id,) in db.session.query(Job.id)} & self.removed
        db.session.rollback()

    def teardown(self) -> None:
        """Let all that is under way come to its end; then nothing is left that no row accounts for."""
        for worker in list(self.workers):
            self.finish(worker)
        for _ in range(3 * MAX_CRASHES):
            self.strict.turn()
            while call := self.redis.lpop("rq:queue:small"):
                if self.work(call.decode()):
                    self.finish(self.workers[-1])
        self.an_end_stays_and_each_change_is_one_that_may_be()
        self.what_is_done_has_its_parts_whole_and_once()
        assert all(STATES[state].is_final for state in self.accepted.values())
        for _ in range(2):
            self.patient.turn()
        assert orphans.find(self.files) == set()
        assert list(orphans.missing(self.files)) == []
        assert not self.files.working_attempts()
        assert {path.name for path in self.files.upload_files()} == {
            job.upload_id for job in db.session.query(Job) if job.state is not JobState.EXPIRED
        }
        assert {upload_id for (upload_id,) in db.session.query(Upload.id)} == {
            job.upload_id for job in db.session.query(Job)
        }
        assert db.session.query(Part).count() >= list(self.accepted.values()).count(JobState.DONE)
        db.session.remove()


def leads_on(before: JobState, after: JobState) -> bool:
    """Whether one turn of the reconciler can go two steps: an attempt that is let go fails, or an end expires."""
    return any(may_follow(before, between) and may_follow(between, after) for between in JobState)


@pytest.mark.parametrize("steps", [20, 60])
def test_each_job_gets_one_end_and_the_disk_agrees_whatever_happens(
    store_app: Flask, settings: Settings, redis: Redis, steps: int
) -> None:
    world = World(store_app, settings, redis)
    run_state_machine_as_test(
        lambda: Jobs(world),
        settings=hypothesis_settings(
            max_examples=examples(25),
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
