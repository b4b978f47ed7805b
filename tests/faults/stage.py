"""``python -m tests.faults.stage``: keeps the processes of one site running with the launcher's own supervisor.

Orders come on stdin, a line of JSON each: {"start": NAME, "command": COMMAND}, {"stop": [NAME, ..]} or {} for none.
Once it is carried out each is answered with a line, {NAME: PID, ..} of the processes that run by then. At the end of
stdin, or by SIGTERM, all are stopped as the launcher does it.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from common.settings import read_settings
from launcher.child import Child
from launcher.output import LineSplitter, Output
from launcher.programs import Program
from launcher.supervisor import StoppedError, Supervisor

NAME_WIDTH = 14
REDIS = "redis"


class Orders:
    """The orders that come on stdin, carried out between two turns of the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        os.set_blocking(sys.stdin.fileno(), False)
        self.children: dict[str, Child] = {}
        self._supervisor = supervisor
        self._lines = LineSplitter()

    def are_over(self) -> bool:
        """Carry out what has come; True at the end of stdin."""
        try:
            data = os.read(sys.stdin.fileno(), 65536)
        except BlockingIOError:
            return False
        for line in self._lines.feed(data):
            self._carry_out(json.loads(line))
            print(json.dumps(self._pids()), flush=True)
        return not data

    def _carry_out(self, order: dict[str, Any]) -> None:
        if "start" in order:
            self.children[order["start"]] = self._supervisor.start(Program(order["start"], order["command"]))
        if "stop" in order:
            self._supervisor.stop([self.children.pop(name) for name in order["stop"]])

    def _pids(self) -> dict[str, int]:
        running = {name: child.process for name, child in self.children.items() if child.is_running()}
        return {name: process.pid for name, process in running.items() if process is not None}


def main() -> None:
    """Serve until told to stop; Redis is stopped last, since the others need it while they end."""
    settings = read_settings()
    output = Output(Path(settings.data_dir, "logs", "playtally.log"), NAME_WIDTH, io.StringIO())
    supervisor = Supervisor(output, dict(os.environ))
    supervisor.install_signal_handlers()
    orders = Orders(supervisor)
    try:
        supervisor.run_until(orders.are_over)
    except StoppedError:
        pass
    finally:
        supervisor.stop(supervisor.others(orders.children.get(REDIS)))
        supervisor.stop()
        output.close()


if __name__ == "__main__":
    main()
