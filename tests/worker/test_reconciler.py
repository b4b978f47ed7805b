"""The reconciler: makes queue and files agree with the database."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy import update

from common.settings import Settings
from store import attempts, queues, resumable_uploads
from store.database import db, now
from store.files import Files
from store.models import Resumable
from store.options import JobOptions
from store.states import JobState
from tests.processes import eventually
from tests.worker.conftest import Enqueue, Start, Submit, Submitted, reread, table_away, working_files
from worker.reconciler import Reconciler


@pytest.fixture
def patient(store_app: Flask, settings: Settings, redis: Redis) -> Reconciler:
    """A reconciler to which nobody is dead so soon."""
    return Reconciler(settings, redis)


@pytest.fixture
def strict(store_app: Flask, settings: Settings, redis: Redis) -> Reconciler:
    """A reconciler to which everyone is dead who gives no sign between two looks."""
    return Reconciler(replace(settings, lease_seconds=0), redis)


def is_known(redis: Redis, job: Submitted) -> bool:
    return queues.call_id(job.id, reread(job.id).attempt) in queues.calls(redis).waiting


def test_a_job_the_queue_never_heard_of_is_enqueued(patient: Reconciler, redis: Redis, job: Submitted) -> None:
    assert not is_known(redis, job)
    patient.turn()
    assert is_known(redis, job)


def test_a_job_that_waits_in_the_queue_is_left_alone(
    patient: Reconciler, redis: Redis, job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    patient.turn()
    patient.turn()
    assert redis.llen("rq:queue:small") == 1


def test_a_call_whose_place_in_the_queue_was_lost_is_enqueued_again(
    patient: Reconciler, redis: Redis, job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    redis.delete("rq:queue:small")
    patient.turn()
    assert is_known(redis, job)


def test_a_call_that_a_worker_has_taken_is_left_alone_until_the_next_turn(
    patient: Reconciler, redis: Redis, job: Submitted, enqueue: Enqueue
) -> None:
    enqueue(job)
    redis.delete("rq:queue:small")
    registry = Queue(job.queue, connection=redis).started_job_registry
    redis.zadd(registry.key, {f"{queues.call_id(job.id, 1)}:execution": 1 << 40})  # by a clock far ahead of ours
    patient.turn()
    assert not is_known(redis, job)
    patient.turn()
    assert is_known(redis, job)


def test_a_dead_attempt_is_followed_by_the_next_which_finds_its_files(
    strict: Reconciler, redis: Redis, job: Submitted, files: Files
) -> None:
    assert attempts.claim(job.id, 1, 30)
    (files.scratch(job.id, 1) / "bucket").touch()
    strict.look()
    again = reread(job.id)
    assert (again.state, again.attempt, again.crashes) == (JobState.QUEUED, 2, 1)
    assert is_known(redis, job)
    strict.turn()
    strict.turn()
    assert [path.name for path in working_files(files) if path.is_file()] == ["bucket"]


def test_an_attempt_that_was_let_go_is_followed_at_the_next_look(
    patient: Reconciler, redis: Redis, job: Submitted
) -> None:
    assert attempts.claim(job.id, 1, 30)
    assert attempts.release(job.id, 1, crashed=False)
    patient.look()
    again = reread(job.id)
    assert (again.state, again.attempt, again.crashes) == (JobState.QUEUED, 2, 0)
    assert is_known(redis, job)


def test_a_living_attempt_is_left_alone(patient: Reconciler, job: Submitted, files: Files) -> None:
    assert attempts.claim(job.id, 1, 30)
    staging = files.staging(job.id, 1)
    for _ in range(3):
        patient.turn()
    assert reread(job.id).state is JobState.RUNNING
    assert staging.exists()


def test_a_third_dead_worker_ends_the_job_in_words_and_leaves_nothing(
    strict: Reconciler, job: Submitted, files: Files
) -> None:
    for attempt in (1, 2, 3):
        assert attempts.claim(job.id, attempt, 30)
        files.staging(job.id, attempt)
        strict.look()
    assert reread(job.id).error["code"] == "worker_died"
    assert working_files(files) == []


def test_a_queue_that_is_away_does_not_keep_dead_attempts_from_being_let_go(
    store_app: Flask, settings: Settings, job: Submitted
) -> None:
    nowhere = replace(settings, redis_url=f"unix://{settings.data_dir}/nobody.sock", lease_seconds=0)
    assert attempts.claim(job.id, 1, 30)
    Reconciler(nowhere, queues.connect(nowhere.redis_url)).turn()
    assert reread(job.id).attempt == 2


def test_what_nobody_needs_is_removed_when_it_is_seen_for_the_second_time(
    patient: Reconciler, job: Submitted, files: Files
) -> None:
    half = files.paths.new_incoming()
    half.write_bytes(b"half")
    patient.turn()
    assert half.exists()
    patient.turn()
    assert not half.exists()
    assert files.upload(job.upload_id).exists()


def test_files_that_another_database_accounts_for_are_left_alone(
    patient: Reconciler, job: Submitted, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    patient.turn()
    files.paths.mark.write_text("of another database")
    half = files.paths.new_incoming()
    half.write_bytes(b"half")
    for _ in range(3):
        patient.turn()
    assert half.exists()
    assert "do not belong to this database" in caplog.text


def test_a_file_that_is_missing_is_reported_with_its_job(
    patient: Reconciler, job: Submitted, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files.remove_upload(job.upload_id)
    patient.turn()
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (line.getMessage(), line.job) == ("file missing on disk: the uploaded file", job.id)


def test_of_two_reconcilers_the_second_takes_over_when_the_first_was_killed(
    start: Start, submit: Submit, redis: Redis
) -> None:
    first = start("worker.reconciler")
    one = submit()
    eventually(lambda: is_known(redis, one))
    start("worker.reconciler")
    first.kill()
    first.wait()
    two = submit()
    eventually(lambda: is_known(redis, two))


def test_after_a_turn_that_the_database_refused_the_next_one_is_taken(
    start: Start, submit: Submit, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    start("worker.reconciler")
    with table_away("resumable"):
        eventually(lambda: "reconciler turn failed" in capfd.readouterr().err)
    job = submit()
    eventually(lambda: is_known(redis, job))


def test_sigterm_stops_its_process_between_two_turns(start: Start, job: Submitted, redis: Redis) -> None:
    process = start("worker.reconciler", RECONCILE_SECONDS="3600")
    eventually(lambda: is_known(redis, job))
    process.terminate()
    assert process.wait(timeout=60) == 0


def test_an_upload_that_arrives_in_pieces_is_left_alone_until_nothing_came_for_a_day(
    patient: Reconciler, job: Submitted, files: Files
) -> None:
    owner_id = reread(job.id).owner_id
    row = resumable_uploads.create(files, owner_id, name="a.csv", length=9, options=JobOptions(), said=None)
    path = files.paths.incoming(row.id)
    for _ in range(3):
        patient.turn()
    assert path.exists()
    db.session.execute(update(Resumable).values(expires_at=now()))
    db.session.commit()
    os.utime(path, (1000, 1000))
    patient.turn()
    assert not path.exists()
