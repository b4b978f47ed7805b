"""A site of real processes that can be disturbed: which programs run, how they are started, who they are."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from common.settings import Settings, read_settings
from launcher import programs
from launcher.administrator import make_administrator
from launcher.site import answers, upgrade_database
from store import accounts, queues
from store.database import bind, db
from tests.faults.client import Caller
from tests.faults.disks import Disk, Disks, may_mount
from tests.orders import Orders
from tests.paths import ROOT
from tests.processes import children, descendants, eventually, is_alive, is_stopped

PASSWORD = "correct-horse-battery"
PART_BYTES = 10_000
REDIS, WEB, SMALL, SECOND_SMALL, LARGE, RECONCILER = (
    "redis",
    "web",
    "worker-small",
    "worker-small.2",
    "worker-large",
    "reconciler",
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a site stands on, and how long its times are."""

    database_url: str = ""  # empty: SQLite in DATA_DIR
    debian_redis: bool = False
    lease_seconds: int = 30
    reconcile_seconds: int = 15
    outage_seconds: float = 60.0  # of Redis
    lock_seconds: float = 30.0  # of the database

    def __str__(self) -> str:
        return f"{'postgresql' if self.database_url else 'sqlite'}, {'debian' if self.debian_redis else 'embedded'}"


class Site:
    """Started at once; a context manager that stops it. ``folder`` is its own."""

    def __init__(self, folder: Path, conditions: Conditions) -> None:
        self.conditions = conditions
        self.orders = Orders(folder / "orders")
        self.environ = _environ(folder, conditions, self.orders.folder)
        self.settings: Settings = read_settings(self.environ)
        self.base = f"http://127.0.0.1:{self.settings.port}"
        self.data_dir = self.settings.data_dir
        self.disks = Disks(folder / "disks", self.data_dir) if may_mount() else None
        self._running: dict[str, str] = {}  # the commands by program
        self._stage: subprocess.Popen[str] | None = None

    def __enter__(self) -> Site:
        if self.disks is not None:
            self.disks.mount()
        self.open_stage()
        upgrade_database(self.environ)
        make_administrator(self.settings)
        self.arrange()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()
        if self.disks is not None:
            self.disks.unmount()

    def arrange(
        self,
        prefixes: Mapping[str, str] | None = None,
        suffixes: Mapping[str, str] | None = None,
        *,
        more: tuple[str, ...] = (),
        less: tuple[str, ...] = (),
    ) -> None:
        """Have the usual programs run, and ``more``, without ``less``; prefixes and suffixes are words by program.

        What runs already as it should is left alone. Gives back when Redis and the site answer.
        """
        before, after = prefixes or {}, suffixes or {}
        wanted = {
            name: f"{before.get(name, '')} {command} {after.get(name, '')}".strip()
            for name, command in self._commands().items()
            if (name != SECOND_SMALL or name in more) and name not in less
        }
        old = [name for name, command in self._running.items() if wanted.get(name) != command]
        self.stop(*old)
        for name, command in wanted.items():
            if name not in self._running:
                self._start(name, command)
                if name == REDIS:
                    self.wait_for_redis()
        if WEB in wanted:
            eventually(lambda: answers(self.settings))

    def heal(self) -> None:
        """Take back what a fault that broke off may have left: processes that are held, disks that are full."""
        for pid in self.held():
            os.kill(pid, signal.SIGCONT)
        if self.disks is not None:
            for disk in Disk:
                self.disks.make_room(disk)

    def stop(self, *names: str) -> None:
        """Stop these programs as a deployment does, and leave them stopped."""
        for name in names:
            del self._running[name]
        if names:
            self._order({"stop": list(names)})

    def wait_for_redis(self) -> None:
        """Until it answers."""
        with queues.connect(self.settings.redis_url) as connection:
            eventually(lambda: queues.answers(connection))

    def pid(self, name: str) -> int:
        """The process of a program that runs, waited for."""
        return eventually(lambda: self._order({}).get(name, 0))

    def horses(self, name: str) -> list[int]:
        """The children of a program: work horses of a worker, or workers of gunicorn; waited for."""
        program = self.pid(name)
        return eventually(lambda: children(program))

    def held(self) -> list[int]:
        """The processes of this site that a signal holds."""
        return [pid for pid in self._everyone() if is_stopped(pid)]

    def kill_everything(self) -> None:
        """End all processes at once, as a power cut would."""
        for pid in (everyone := self._everyone()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._close_stage()
        eventually(lambda: not any(map(is_alive, everyone)))

    def stop_all(self) -> None:
        """Stop all as the launcher does."""
        if self._stage is not None:
            self._stage.terminate()
            self._close_stage()

    def open_stage(self) -> None:
        """Begin with no program running."""
        self._running = {}
        self._stage = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.stage"],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def new_caller(self, name: str) -> Caller:
        """A caller with a new account."""
        app = Flask("faults")
        bind(app, self.settings)
        with app.app_context():
            accounts.create(name, PASSWORD)
            db.session.remove()
            db.engine.dispose()
        return Caller.login(self.base, name, PASSWORD)

    def _commands(self) -> dict[str, str]:
        """By name, in the order in which they start."""
        redis = programs.embedded_redis(self.settings).command
        if self.conditions.debian_redis:
            redis = redis.replace(redis.split()[0], "redis-server", 1)
        found = {program.name: program.command for program in programs.of_procfile(ROOT / "Procfile", 1)}
        return {REDIS: redis, **found, SECOND_SMALL: found[SMALL]}

    def _start(self, name: str, command: str) -> None:
        self._order({"start": name, "command": command})
        self._running[name] = command

    def _order(self, order: dict[str, object]) -> dict[str, int]:
        """Have the stage carry out an order; gives the processes that run then."""
        assert self._stage is not None
        assert self._stage.stdin is not None
        assert self._stage.stdout is not None
        self._stage.stdin.write(json.dumps(order) + "\n")
        self._stage.stdin.flush()
        answer = self._stage.stdout.readline()
        assert answer, f"the stage ended, see {self.data_dir}/logs"
        pids: dict[str, int] = json.loads(answer)
        return pids

    def _close_stage(self) -> None:
        assert self._stage is not None
        self._stage.communicate()
        self._stage = None

    def _everyone(self) -> list[int]:
        return [self._stage.pid, *descendants(self._stage.pid)] if self._stage is not None else []


def _environ(folder: Path, conditions: Conditions, orders: Path) -> dict[str, str]:
    here = Path(sys.executable).parent
    data_dir = folder / "data"
    return os.environ | {
        "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "HOST": "127.0.0.1",
        "PORT": str(_free_port()),
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": conditions.database_url,
        "REDIS_URL": f"unix://{data_dir}/redis.sock" if conditions.debian_redis else "",
        "ADMIN_USERNAME": "admin",
        "ADMIN_PASSWORD": PASSWORD,
        "MAX_SINGLE_FILE_SIZE": str(PART_BYTES),
        "LEASE_SECONDS": str(conditions.lease_seconds),
        "RECONCILE_SECONDS": str(conditions.reconcile_seconds),
        # Its senders try again five times a second, each file in a thread of its own: what the limit is against.
        "UPLOADS_PER_MINUTE": "100000",
        "FAULT_ORDERS": str(orders),
        **dict.fromkeys(("SECRET_KEY", "WORKERS", "PUBLIC_HTTPS"), ""),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
