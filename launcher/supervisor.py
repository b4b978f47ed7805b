"""The supervisor: starts processes, prints their output, restarts those that die, stops all. One thread, one loop."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from types import FrameType

from launcher.child import Child
from launcher.output import LineSplitter, Output
from launcher.programs import Program

SECONDS_TO_STOP = 10.0  # then SIGKILL
SECONDS_FOR_LAST_OUTPUT = 1.0  # killed processes need a moment to end, and their last line may be incomplete
TURN = 0.1  # the longest wait of the loop for output, in seconds


class StoppedError(Exception):
    """SIGTERM, SIGINT or SIGHUP was received."""


class Supervisor:
    """All children of this launcher. After :meth:`install_signal_handlers` its waiting calls raise StoppedError."""

    def __init__(self, output: Output, environ: dict[str, str]) -> None:
        self._output = output
        self._environ = environ
        self._children: list[Child] = []
        self._outlets = selectors.DefaultSelector()
        self._signals = 0

    def install_signal_handlers(self) -> None:
        """Count SIGTERM, SIGINT and SIGHUP instead of dying from them."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def start(self, program: Program) -> Child:
        """Start a program and keep it running."""
        child = Child(program, self._environ)
        self._children.append(child)
        self._begin(child)
        return child

    def run_until(self, condition: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Keep all running until the condition holds; False if ``seconds`` pass first. Raises StoppedError."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._signals:
                raise StoppedError
            if time.monotonic() > deadline:
                return False
            self._print_lines(TURN)
            self._restart_dead()
        return True

    def stop(self, children: list[Child] | None = None) -> None:
        """Stop these children, or all: SIGTERM, and SIGKILL for those still running after SECONDS_TO_STOP.

        A second signal to the launcher ends that wait.
        """
        chosen = list(self._children if children is None else children)
        self._children = [child for child in self._children if child not in chosen]
        for child in chosen:
            child.signal(signal.SIGTERM)
        deadline, signals = time.monotonic() + SECONDS_TO_STOP, self._signals
        while any(child.is_running() for child in chosen):
            if time.monotonic() > deadline or self._signals > signals:
                deadline = float("inf")
                for child in chosen:
                    child.signal(signal.SIGKILL)
            self._print_lines(TURN)
        for child in chosen:
            child.signal(signal.SIGKILL)  # whatever it left in its process group
        deadline = time.monotonic() + SECONDS_FOR_LAST_OUTPUT
        while self._has_open_output(chosen) and time.monotonic() < deadline:
            self._print_lines(TURN)

    def others(self, *these: Child | None) -> list[Child]:
        """Return all children except these."""
        return [child for child in self._children if child not in these]

    def _begin(self, child: Child) -> None:
        descriptor = child.start()
        os.set_blocking(descriptor, False)
        self._outlets.register(descriptor, selectors.EVENT_READ, (child, LineSplitter()))

    def _has_open_output(self, children: list[Child]) -> bool:
        """Tell whether any process still holds the output pipe of one of these."""
        return any(key.data[0] in children for key in self._outlets.get_map().values())

    def _restart_dead(self) -> None:
        for child in self._children:
            if child.process is not None and not child.is_running():
                self._output.line("launcher", child.reap(), "warning")
            if child.process is None and time.monotonic() >= child.start_at:
                self._begin(child)

    def _print_lines(self, seconds: float) -> bool:
        """Print the output of the children, waiting for it at most ``seconds``; False if there was none."""
        ready = self._outlets.select(seconds)
        for key, _events in ready:
            child, lines = key.data
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            for line in lines.feed(data):
                self._output.line(child.program.name, line)
            if not data:
                self._outlets.unregister(key.fd)
                os.close(key.fd)
        if not self._outlets.get_map():
            time.sleep(seconds)  # select returns at once if nothing is registered
        return bool(ready)
