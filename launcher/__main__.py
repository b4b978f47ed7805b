"""``python -m launcher``: what ``make run`` runs. Exit 0: stopped; 1: the site did not come up; 2: it cannot start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from common.settings import Settings, SettingsError, read_settings
from launcher import preflight, programs, site
from launcher.administrator import make_administrator
from launcher.child import Child
from launcher.output import NAME_WIDTH, Output
from launcher.preflight import CannotStartError
from launcher.programs import Program
from launcher.supervisor import StoppedError, Supervisor
from store import queues

ROOT = Path(__file__).resolve().parent.parent
SECONDS_FOR_REDIS = 60  # it may have a long append-only file to load
SECONDS_FOR_A_REDIS_OF_YOURS = 5
SECONDS_FOR_THE_SITE = 60


def main() -> int:
    """Start everything, serve until a signal, stop everything; return the exit code."""
    try:
        settings = read_settings()
        preflight.take_data_dir(settings.data_dir)
        preflight.check(settings)
    except (SettingsError, CannotStartError) as error:
        print(error, file=sys.stderr)
        return 2
    os.chdir(ROOT)
    output = Output(settings.data_dir / "logs" / "playtally.log", NAME_WIDTH)
    for warning in preflight.warnings(settings):
        output.line("launcher", warning, level="warning")
    try:
        return _serve(settings, output)
    finally:
        output.close()


def _serve(settings: Settings, output: Output) -> int:
    environ = _environ(settings)
    supervisor = Supervisor(output, environ)
    supervisor.install_signal_handlers()
    redis: Child | None = None
    try:
        if settings.redis_is_embedded:
            redis = supervisor.start(programs.embedded_redis(settings))
        _bring_up(settings, supervisor, output, environ)
        supervisor.run_until(lambda: False)
    except StoppedError:
        output.line("launcher", "stopping")
    except CannotStartError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        supervisor.stop(supervisor.others(redis))  # they need Redis while they stop
        supervisor.stop()
    output.line("launcher", "all processes have ended")
    return 0


def _bring_up(settings: Settings, supervisor: Supervisor, output: Output, environ: dict[str, str]) -> None:
    connection = queues.connect(settings.redis_url)
    patience = SECONDS_FOR_REDIS if settings.redis_is_embedded else SECONDS_FOR_A_REDIS_OF_YOURS
    if not supervisor.run_until(lambda: queues.answers(connection), patience):
        raise CannotStartError(_no_redis(settings))
    connection.close()
    site.upgrade_database(environ)
    password = make_administrator(settings)  # before the site takes sign-ins
    web, *others = programs.of_procfile(ROOT / "Procfile", settings.workers)
    try:
        _bring_up_web(web, settings, supervisor)
    except BaseException:
        if password is not None:  # it is never shown again
            output.show(_framed(_first_sign_in(settings, password)))
        raise
    output.line("launcher", f"site is ready at {site.address(settings)}")
    output.show(_welcome(settings, password))
    for program in others:  # only now, since they use the cores for some seconds while they start
        supervisor.start(program)


def _bring_up_web(web: Program, settings: Settings, supervisor: Supervisor) -> None:
    supervisor.start(web)
    if not supervisor.run_until(lambda: site.answers(settings), SECONDS_FOR_THE_SITE):
        raise CannotStartError(
            f"The site did not answer within {SECONDS_FOR_THE_SITE} seconds. The lines above say why."
        )


def _environ(settings: Settings) -> dict[str, str]:
    """Return the environment of the processes: ours, with our Python first on PATH and the settings filled in."""
    here = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "HOST": settings.host,
        "PORT": str(settings.port),
        "DATA_DIR": str(settings.data_dir),
    }


def _no_redis(settings: Settings) -> str:
    if settings.redis_is_embedded:
        log = settings.data_dir / "logs" / "redis.log"
        return f"The embedded queue server did not answer within {SECONDS_FOR_REDIS} seconds. {log} says why."
    return "Nothing answers at REDIS_URL. Start that Redis, or unset REDIS_URL to use the embedded one."


def _welcome(settings: Settings, password: str | None) -> str:
    lines = [f"Playtally runs at  {site.address(settings)}"]
    if password is not None:
        lines += _first_sign_in(settings, password)
    return _framed([*lines, "", "Ctrl-C stops it."])


def _first_sign_in(settings: Settings, password: str) -> list[str]:
    return [
        f"Sign in as         {settings.admin_username}",
        f"with password      {password}",
        "",
        "This password is shown only once: keep it.",
    ]


def _framed(lines: list[str]) -> str:
    width = max(map(len, lines))
    frame = f"+{'-' * (width + 4)}+"
    return "\n".join(["", frame, *(f"|  {line:<{width}}  |" for line in lines), frame, ""])


if __name__ == "__main__":
    sys.exit(main())
