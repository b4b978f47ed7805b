"""``python -m worker --queue small|large`` serves a queue; ``python -m worker JOB_ID ATTEMPT`` runs one attempt."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from common.settings import Settings, SettingsError, read_settings
from store.queues import QUEUES
from worker import logs, threads
from worker.context import database

NOT_CLAIMED = 75  # not 1, with which Python exits after an uncaught exception


def main(arguments: list[str] | None = None) -> int:
    """Exit 0: stopped, or the attempt ended (done or failed); 2: wrong usage; 75: the attempt could not be claimed."""
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    parser.add_argument("--queue", choices=QUEUES)
    parser.add_argument("job_id", nargs="?")
    parser.add_argument("attempt", nargs="?", type=int)
    chosen = parser.parse_args(arguments)
    if (chosen.queue is None) == (chosen.attempt is None):
        parser.error("name either a queue or a job and its attempt")
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.set_up(f"worker-{chosen.queue}" if chosen.queue else "worker", settings.log_format)
    threads.limit_libraries(settings)
    if chosen.queue is None:
        return run_one(chosen.job_id, chosen.attempt, settings)
    from worker.rq_worker import serve  # imports Vaex, which reads the limits set just now

    return serve(chosen.queue, settings)


def run_one(job_id: str, attempt: int, settings: Settings) -> int:
    """Run an attempt in this process, without a queue; return the exit code."""
    from worker.attempt import run  # as above

    signal.signal(signal.SIGTERM, _leave)
    with database(settings) as app:
        return 0 if run(app, job_id, attempt, settings) else NOT_CLAIMED


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
