"""What must be true before anything starts; each check raises a sentence that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import sys
from pathlib import Path

from store.settings import GIB, Settings

LONGEST_SOCKET_PATH = 107  # bytes; the kernel's limit for a Unix socket
FREE_BYTES = GIB
FREE_BYTES_TO_GO_ON = 32 << 20  # what was full while it ran must start again, so that people can delete


class CannotStartError(Exception):
    """Playtally cannot start; the message is for the person who started it."""


def check(settings: Settings) -> None:
    """Raise CannotStartError for the first thing that is missing."""
    _python(sys.version_info[:2])
    _socket_path(settings)
    _room(settings.data_dir)
    _port(settings.host, settings.port)


def take_data_dir(data_dir: Path) -> int:
    """Hold DATA_DIR for this process, until it ends; gives the descriptor that holds it."""
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
    length = len(os.fsencode(settings.redis_url.removeprefix("unix://")))
    if settings.redis_is_embedded and length > LONGEST_SOCKET_PATH:
        raise CannotStartError(
            f"DATA_DIR is too deep: the path of the queue's socket in it has {length} bytes, and Linux takes "
            f"{LONGEST_SOCKET_PATH}. Choose a shorter DATA_DIR, or set REDIS_URL to a Redis of your own."
        )


def _room(data_dir: Path) -> None:
    free = shutil.disk_usage(data_dir).free
    needed, shown = (FREE_BYTES_TO_GO_ON, "32 MB") if (data_dir / "uploads").is_dir() else (FREE_BYTES, "1 GB")
    if free < needed:
        raise CannotStartError(
            f"There are only {free // 1_000_000} MB free on the disk of {data_dir}, but {shown} are needed. "
            "Free some space, or choose a DATA_DIR on another disk."
        )


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
