"""A child process that the supervisor keeps running: start, signals, and backoff between restarts."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from common.pdeathsig import die_with_parent
from launcher.programs import Program

FIRST_PAUSE = 0.5  # seconds before a dead process is restarted, doubled each time
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0  # a process that ran this long is stable: its next pause is short again


class Child:
    """A program and, while it runs, its process; used in the launcher's main thread only.

    The process leads its own process group, so that Ctrl-C in a terminal reaches only the launcher, and the
    kernel kills it when the launcher ends, however that happens.
    """

    def __init__(self, program: Program, environ: dict[str, str]) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0  # on the monotonic clock
        self._environ = environ
        self._started_at = 0.0
        self._pause = FIRST_PAUSE

    def start(self) -> int:
        """Start the process; return the descriptor of its output, which the caller reads and closes."""
        launcher = os.getpid()
        reading, writing = os.pipe()
        try:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.program.command}"],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                env=self._environ,
                process_group=0,
                # Safe: this process has one thread. The kernel watches that thread, the main one.
                preexec_fn=lambda: die_with_parent(launcher),
            )
        finally:
            os.close(writing)
        self._started_at = time.monotonic()
        return reading

    def is_running(self) -> bool:
        """Tell whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def reap(self) -> str:
        """Reap the ended process, kill the rest of its group, schedule the restart; return a line for the log."""
        assert self.process is not None
        code = self.process.returncode
        self.signal(signal.SIGKILL)
        self.process = None
        if time.monotonic() - self._started_at > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        self.start_at = time.monotonic() + pause
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{self.program.name} {how}; restarting in {pause:g} seconds"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to its children that are in its group."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass  # the whole group has ended
