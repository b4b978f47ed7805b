"""A whole site in real processes, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from common.settings import read_settings
from launcher.client import Client
from store import accounts
from store.database import bind, db
from tests.orders import Orders
from tests.processes import eventually
from tests.services import Services

PASSWORD = "correct-horse-battery"


@dataclass(frozen=True)
class Site:
    """A site that runs: where it is, who may sign in, and what it runs with."""

    base: str  # such as http://127.0.0.1:8000
    admin_name: str
    password: str
    data_dir: Path
    launcher_pid: int
    environ: dict[str, str]
    orders: Orders  # to its processes

    def client(self, name: str | None = None) -> Client:
        """A logged-in client of the API: the administrator's, or that of a new account of this name."""
        if name is not None:
            self.add_account(name)
        return Client.login(self.base, name or self.admin_name, self.password)

    def add_account(self, name: str) -> None:
        """A new account, with the password of all."""
        app = Flask("site")
        bind(app, read_settings(self.environ))
        with app.app_context():
            accounts.create(name, self.password)
            db.session.remove()
            db.engine.dispose()


@contextmanager
def site_of(services: Services, folder: Path, **settings: str) -> Iterator[Site]:
    """The launcher with all its processes, with short leases and small parts, within the block."""
    with services.of_a_site(folder) as addresses:
        yield from _site(folder, addresses | settings)


def _site(folder: Path, settings: dict[str, str]) -> Iterator[Site]:
    port, orders = _free_port(), Orders(folder / "orders")
    environ = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "ADMIN_USERNAME": "admin",
        "ADMIN_PASSWORD": PASSWORD,
        "MAX_SINGLE_FILE_SIZE": "10000000",
        "LEASE_SECONDS": "30",
        "RECONCILE_SECONDS": "1",
        "FAULT_ORDERS": str(orders.folder),
        **dict.fromkeys(("SECRET_KEY", "WORKERS", "PUBLIC_HTTPS"), ""),
        **settings,
    }
    printed = folder / "printed"
    with printed.open("wb") as file:
        launcher = subprocess.Popen([sys.executable, "-m", "launcher"], env=environ, stdout=file, stderr=file)
    try:
        eventually(lambda: "Ctrl-C stops it" in printed.read_text() or launcher.poll() is not None)
        assert launcher.poll() is None, printed.read_text()
        yield Site(f"http://127.0.0.1:{port}", "admin", PASSWORD, folder / "data", launcher.pid, environ, orders)
    finally:
        launcher.terminate()
        launcher.wait(timeout=60)
        print(printed.read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
