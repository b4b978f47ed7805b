"""RQ's worker, adapted to the guarantees of this project.

- The work horse dies with its worker, and the attempt of a dead horse is released at once.
- SIGTERM does not wait for the job: the horse is killed and its attempt released; the reconciler queues the next.
- An unreachable Redis is waited for, in mid-job too: outcomes are recorded in the database.

The methods of RQ that this takes are overridden; its commands over pub/sub, its scheduler and its own work
loop (which quits when Redis is unreachable) are not used.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from types import FrameType
from typing import Any

import vaex  # noqa: F401 - loaded once, here, as is the pipeline; only the forked horse uses it
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

import processing.pipeline  # noqa: F401 - loaded once, here; only the forked horse uses it
from common.settings import Settings
from store import attempts, jobs, queues
from store.failures import failure
from store.files import Files
from worker.attempt import tidy
from worker.context import database
from worker.horse_monitor import Guard, Verdict
from worker.work_horse import prepare_horse

WORKER_TTL = 30  # seconds; RQ waits half of it for a job and considers a connection hung before its end
SECONDS_BETWEEN_HEARTBEATS = 10  # from worker to Redis while a job runs
SECONDS_PAST_THE_LIMIT = 60  # a horse that outlives its own time limit hangs in a call: kill it
POLL = 0.05

_log = logging.getLogger(__name__)


class StopRequest:
    """The flags of a graceful stop: whether one was requested, and whether a job is running."""

    def __init__(self) -> None:
        self.stop_requested = False
        self.has_job = False

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Handle SIGTERM and SIGINT; an idle worker stops at once."""
        self.stop_requested = True
        if not self.has_job:
            raise StopRequested


class QueueWorker(Worker):
    """A worker of one queue, for as long as Redis is reachable."""

    max_connection_wait_time = 2.0

    def __init__(self, queue: str, settings: Settings, stop: StopRequest) -> None:
        self._settings = settings
        self._stop = stop
        self._reason: str | None = None  # the code of the failure for which the last horse was killed
        super().__init__(
            [queue],
            connection=queues.connect(settings.redis_url),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            job_monitoring_interval=SECONDS_BETWEEN_HEARTBEATS,
            log_job_description=False,
        )

    def _set_ip_address(self, _connection: Redis) -> None:
        """Leave the worker's address unknown.

        RQ asks Redis for it and cannot parse the answer if the path of the socket contains a space or "=".
        """
        self.ip_address = "unknown"

    def serve(self) -> None:
        """Run jobs until StopRequested or, if Redis is unreachable, RedisError is raised."""
        try:
            self.register_birth()  # type: ignore[no-untyped-call]
            while True:
                found = self.dequeue_job_and_maintain_ttl(self.dequeue_timeout)
                if found is not None:
                    self.execute_job(*found)
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            self.register_death()  # type: ignore[no-untyped-call]
        except RedisError:
            pass  # its registration expires by itself
        self.connection.close()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in a forked work horse, whose monitor handles requests to stop."""
        self._stop.has_job = True
        try:
            super().execute_job(job, queue)
        finally:
            self._stop.has_job = False
        if self._stop.stop_requested:
            raise StopRequested

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run the job, in the forked child."""
        prepare_horse(self.pid or 0, queue.name)
        super().main_work_horse(job, queue)

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Kill only the horse: right after the fork it is still in our process group."""
        os.kill(self.horse_pid, sig)

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        """Wait for the horse; if it was killed, release its attempt. Redis may be unreachable meanwhile."""
        status = self._wait_for_end(job, execution)
        self._horse_pid = 0
        self.executions.pop(execution.id, None)
        if os.WIFSIGNALED(status):
            self._settle_killed(job, os.WTERMSIG(status))
        if status != 0:
            self._tell_redis(job, queue, execution)

    def _wait_for_end(self, job: Job, execution: Execution) -> int:
        next_heartbeat = time.monotonic()
        hung_at = next_heartbeat + int(job.timeout or 0) + SECONDS_PAST_THE_LIMIT
        self._reason = None
        job_id, attempt = job.args
        with database(self._settings):  # opened after the fork and closed before the next one
            guard = Guard(self.horse_pid, job_id, attempt, self._settings.memory_limit)
            while True:
                ended, status = os.waitpid(self.horse_pid, os.WNOHANG)
                if ended:
                    return status
                if self._must_end(guard, hung_at):
                    self.kill_horse()
                elif time.monotonic() >= next_heartbeat:
                    next_heartbeat = time.monotonic() + SECONDS_BETWEEN_HEARTBEATS
                    self._send_heartbeat(job, execution)
                time.sleep(POLL)

    def _must_end(self, guard: Guard, hung_at: float) -> bool:
        if self._stop.stop_requested or self._reason:
            return True
        if time.monotonic() > hung_at:
            self._reason = "took_too_long"
        verdict = guard.verdict()
        if verdict is Verdict.OUT_OF_MEMORY:
            self._reason = "out_of_memory"
        return self._reason is not None or verdict is Verdict.LOST

    def _send_heartbeat(self, job: Job, execution: Execution) -> None:
        try:
            self.maintain_heartbeats(job, execution)
        except RedisError as error:
            _log.warning("Redis unreachable (%s); job continues", error, extra=_attempt_of(job))

    def _settle_killed(self, job: Job, signal_number: int) -> None:
        """Release the attempt of a killed horse, or fail its job; if this fails, the reconciler does it."""
        job_id, attempt = job.args
        name, why = signal.Signals(signal_number).name, f": {self._reason}" if self._reason else ""
        _log.warning("work horse killed by %s%s", name, why, extra=_attempt_of(job))
        try:
            with database(self._settings):
                if self._reason is not None:
                    until = jobs.keep_until(self._settings.keep_days)
                    attempts.fail_killed(job_id, attempt, failure(self._reason), until)
                attempts.release(job_id, attempt, crashed=not self._stop.stop_requested)
                tidy(job_id, attempt, Files(self._settings.data_dir))
        except SQLAlchemyError as error:
            _log.warning("database unavailable (%s); attempt not released yet", error, extra=_attempt_of(job))

    def _tell_redis(self, job: Job, queue: Queue, execution: Execution) -> None:
        try:
            self.handle_job_failure(job, queue, exc_string="the work horse ended early", execution=execution)
        except RedisError as error:
            _log.warning("Redis unreachable (%s); end of work horse not recorded", error, extra=_attempt_of(job))


def _attempt_of(job: Job) -> dict[str, Any]:
    """Return the fields of a log line that name the attempt."""
    job_id, attempt = job.args
    return {"job": job_id, "attempt": attempt}


def serve(queue: str, settings: Settings) -> int:
    """Work for a queue until SIGTERM or SIGINT; return the exit code."""
    stop = StopRequest()
    signal.signal(signal.SIGTERM, stop.ask_to_stop)
    signal.signal(signal.SIGINT, stop.ask_to_stop)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    _log.info("worker ready for %s queue", queue)
    try:
        while not stop.stop_requested:
            try:
                QueueWorker(queue, settings, stop).serve()
            except RedisError as error:
                _log.warning("Redis unreachable (%s); retrying", error)
                time.sleep(1)
    except StopRequested:
        pass
    _log.info("worker stopped")
    return 0
