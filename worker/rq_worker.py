"""RQ's worker, taught what this project promises.

- The work horse dies with its worker, and an attempt whose horse died is let go at once.
- SIGTERM does not wait for the job's end: the horse is killed and its attempt let go; the reconciler queues the next.
- A queue that is away is waited for, in mid-job too: the job's end stands in the database.

The pieces of RQ that these need are overridden; its commands over pub/sub, its scheduler and its own work
loop (which quits when Redis is away) are not used.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from types import FrameType
from typing import Any

import vaex  # noqa: F401 - loaded once, here, as is the pipeline; only the forked horse computes with it
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

import processing.pipeline  # noqa: F401 - loaded once, here; only the forked horse computes with it
from common.settings import Settings
from store import attempts, jobs, queues
from store.files import Files
from worker.attempt import tidy
from worker.context import database
from worker.failures import words
from worker.horse_monitor import Guard, Verdict
from worker.work_horse import prepare_horse

WORKER_TTL = 30  # seconds; RQ waits half of it for a job and takes a connection for hung before its end
SECONDS_BETWEEN_HEARTBEATS = 10  # from worker to Redis while a job runs
SECONDS_PAST_THE_LIMIT = 60  # a horse that did not end itself at its time limit hangs in one call: kill it
POLL = 0.05

_log = logging.getLogger(__name__)


class StopRequest:
    """Whether the worker was told to stop, and whether it may be interrupted right now."""

    def __init__(self) -> None:
        self.stop_requested = False
        self.has_job = False

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """The handler of SIGTERM and SIGINT; an idle worker leaves at once."""
        self.stop_requested = True
        if not self.has_job:
            raise StopRequested


class QueueWorker(Worker):
    """A worker of one queue, for as long as Redis is there."""

    max_connection_wait_time = 2.0

    def __init__(self, queue: str, settings: Settings, stop: StopRequest) -> None:
        self._settings = settings
        self._stop = stop
        self._reason: str | None = None  # why the last horse was killed, where that ends its job
        super().__init__(
            [queue],
            connection=queues.connect(settings.redis_url),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            job_monitoring_interval=SECONDS_BETWEEN_HEARTBEATS,
            log_job_description=False,
        )

    def _set_ip_address(self, _connection: Redis) -> None:
        """Keep the worker's address unknown.

        RQ asks the server for it and cannot parse the answer where the path of the socket has a blank or "=" in it.
        """
        self.ip_address = "unknown"

    def serve(self) -> None:
        """Take jobs for ever; raises StopRequested when told to stop and RedisError when Redis is away."""
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
            pass  # its registration ends by itself
        self.connection.close()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in a horse of its own; a request to stop is heeded by the watch over it."""
        self._stop.has_job = True
        try:
            super().execute_job(job, queue)
        finally:
            self._stop.has_job = False
        if self._stop.stop_requested:
            raise StopRequested

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """The horse's life, in the forked child."""
        prepare_horse(self.pid or 0, queue.name)
        super().main_work_horse(job, queue)

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Kill the horse alone: right after the fork its process group is still our own."""
        os.kill(self.horse_pid, sig)

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        """Watch over the horse to its end; if it was killed, let go of its attempt. Redis may be away meanwhile."""
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
        with database(self._settings):  # after the fork, and left before the next one
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
            _log.warning("the queue is away (%s); the job goes on", error, extra=_attempt_of(job))

    def _settle_killed(self, job: Job, signal_number: int) -> None:
        """Let go of the attempt of a killed horse; where that fails, the reconciler notices its silence."""
        job_id, attempt = job.args
        name, why = signal.Signals(signal_number).name, f": {self._reason}" if self._reason else ""
        _log.warning("its process was ended by %s%s", name, why, extra=_attempt_of(job))
        try:
            with database(self._settings):
                if self._reason is not None:
                    until = jobs.keep_until(self._settings.keep_days)
                    attempts.fail_killed(job_id, attempt, words(self._reason), until)
                attempts.release(job_id, attempt, crashed=not self._stop.stop_requested)
                tidy(job_id, attempt, Files(self._settings.data_dir))
        except SQLAlchemyError as error:
            _log.warning("the database is away (%s); the reconciler lets go of it", error, extra=_attempt_of(job))

    def _tell_redis(self, job: Job, queue: Queue, execution: Execution) -> None:
        try:
            self.handle_job_failure(job, queue, exc_string="the work horse ended early", execution=execution)
        except RedisError as error:
            _log.warning("the queue could not be told that it ended: %s", error, extra=_attempt_of(job))


def _attempt_of(job: Job) -> dict[str, Any]:
    """Which attempt a line is about."""
    job_id, attempt = job.args
    return {"job": job_id, "attempt": attempt}


def serve(queue: str, settings: Settings) -> int:
    """Work for a queue until SIGTERM or SIGINT; gives the exit code."""
    stop = StopRequest()
    signal.signal(signal.SIGTERM, stop.ask_to_stop)
    signal.signal(signal.SIGINT, stop.ask_to_stop)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    _log.info("ready for the %s queue", queue)
    try:
        while not stop.stop_requested:
            try:
                QueueWorker(queue, settings, stop).serve()
            except RedisError as error:
                _log.warning("the queue is away (%s); trying again", error)
                time.sleep(1)
    except StopRequested:
        pass
    _log.info("stopped")
    return 0
