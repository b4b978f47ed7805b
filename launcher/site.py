"""The site from outside: migrating its database, its address, and whether it answers."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from http.client import HTTPException

from common.settings import Settings
from launcher.preflight import CannotStartError

UPGRADE_SECONDS = 600
_ERRORS = re.compile(r"^[\w.]+: (.+?)(?=^\[SQL|^\(Background|^\S|\Z)", re.MULTILINE | re.DOTALL)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for our own address


def upgrade_database(environ: dict[str, str]) -> None:
    """Migrate the database; raise CannotStartError with the cause."""
    command = [sys.executable, "-m", "flask", "--app", "webapp", "db", "upgrade"]
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=UPGRADE_SECONDS,
            process_group=0,  # Ctrl-C in the terminal must not interrupt it
        )
    except subprocess.TimeoutExpired:
        raise CannotStartError(
            "The database upgrade took more than ten minutes. See whether something else holds the database."
        ) from None
    if done.returncode:
        raise CannotStartError(
            f"The database could not be brought up to date: {_cause(done.stderr)} See that DATABASE_URL is right "
            "and that the database runs."
        )


def _cause(stderr: str) -> str:
    """Return the message of the error that ends a traceback, without its class and on one line."""
    found = _ERRORS.findall(stderr)
    cause = " ".join(found[-1].split()) if found else " ".join(stderr.split()[-30:]) or "it gave no reason"
    return cause.rstrip(".") + "."


def address(settings: Settings) -> str:
    """Return the URL of the site for a browser on this machine."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    host = everywhere.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def answers(settings: Settings) -> bool:
    """Tell whether the site's health check succeeds."""
    try:
        with _DIRECT.open(f"{address(settings)}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, HTTPException):
        return False
