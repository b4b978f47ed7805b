"""Checks before anything starts; each raises CannotStartError with a sentence that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import stat
import sys
import tempfile
from pathlib import Path

from common.settings import Settings
from store import disk_space
from store.disk_space import NO_ROOM
from store.files import Files

LONGEST_SOCKET_PATH = 107  # bytes; the kernel's limit for a Unix socket
FREE_BYTES = 1_000_000_000  # that a new site needs
BYTES_TO_GO_ON = 4 << 20  # enough to restart on a full disk, so that users can delete files


class CannotStartError(Exception):
    """Playtally cannot start; the message is for the person who started it."""


def check(settings: Settings) -> None:
    """Raise CannotStartError at the first check that fails."""
    _python(sys.version_info[:2])
    _socket_path(settings)
    _room(settings.data_dir)
    _port(settings.host, settings.port)


def warnings(settings: Settings) -> list[str]:
    """Return warnings about problems that do not prevent a start."""
    found, data_dir = [], settings.data_dir
    files = Files(data_dir)
    if disk_space.room(files) < 0:
        megabytes = disk_space.free_bytes(files) // 1_000_000
        found.append(
            f"only {megabytes} MB are free on the disk of {data_dir}, so every upload is refused: "
            "delete jobs on the site, or make the disk larger"
        )
    if data_dir.stat().st_mode & stat.S_IRWXO:
        found.append(f"every user of this machine may look into {data_dir}, where uploads and totals lie: chmod o= it")
    return found


def take_data_dir(data_dir: Path) -> int:
    """Lock DATA_DIR until this process ends; return the descriptor of the lock."""
    path = data_dir / "launcher.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStartError(f"{path} cannot be written ({error.strerror}). Make DATA_DIR writable.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise CannotStartError(
            f"Playtally runs already with the data in {data_dir}. Stop it first, or choose another DATA_DIR and PORT."
        ) from None
    return descriptor


def _python(version: tuple[int, int]) -> None:
    if not (3, 11) <= version < (3, 13):
        raise CannotStartError(
            f"This is Python {version[0]}.{version[1]}, but Playtally needs 3.11 or 3.12. "
            "Install one of them, then remove .venv and run make again."
        )


def _socket_path(settings: Settings) -> None:
    length = len(os.fsencode(settings.redis_socket))
    if settings.redis_is_embedded and length > LONGEST_SOCKET_PATH:
        raise CannotStartError(
            f"DATA_DIR is too deep: the path of the queue's socket in it has {length} bytes, and Linux takes "
            f"{LONGEST_SOCKET_PATH}. Choose a shorter DATA_DIR, or set REDIS_URL to a Redis of your own."
        )


def _room(data_dir: Path) -> None:
    if (data_dir / "uploads").is_dir():
        _room_to_go_on(data_dir)
        return
    free = shutil.disk_usage(data_dir).free
    if free < FREE_BYTES:
        raise CannotStartError(
            f"There are only {free // 1_000_000} MB free on the disk of {data_dir}, but 1 GB is needed. "
            "Free some space, or choose a DATA_DIR on another disk."
        )


def _room_to_go_on(data_dir: Path) -> None:
    # Try it instead of asking: with disk quotas, less may be available than statvfs says.
    try:
        with tempfile.TemporaryFile(dir=data_dir) as trial:
            os.posix_fallocate(trial.fileno(), 0, BYTES_TO_GO_ON)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise CannotStartError(f"Nothing can be written in {data_dir} ({error.strerror}).") from error
        raise CannotStartError(
            f"The disk of {data_dir} is full: not even {BYTES_TO_GO_ON // 1_000_000} MB can be written. "
            "Free some space."
        ) from None


def _port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise CannotStartError(f"HOST is {host}, but no such address is known here. Try HOST=127.0.0.1.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CannotStartError(_why_not_bound(error, host, port)) from None


def _why_not_bound(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop that program, or choose a port: make run PORT={port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for root. Choose one above 1023: make run PORT=8000"
    return f"HOST is {host}, but nothing can listen there ({error.strerror}). Try HOST=127.0.0.1."
