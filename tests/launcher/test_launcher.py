"""The launcher with its real processes: starts all, keeps them running, leaves none behind."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from pathlib import Path

import pytest
from redis import Redis

from common.settings import read_settings
from launcher import __main__ as start
from launcher.output import Output
from launcher.preflight import CannotStartError
from launcher.supervisor import Supervisor
from store import accounts
from tests.launcher.conftest import Launch, Launched
from tests.processes import child_with, command, descendants, eventually, is_alive
from worker.context import database


def test_a_first_start_shows_address_and_password_and_a_second_one_only_the_address(
    launch: Launch, environ: dict[str, str]
) -> None:
    first = launch()
    first.wait_until_it_serves()
    password = re.search(r"with password +(\S+)", first.text)
    assert password
    assert f"http://127.0.0.1:{environ['PORT']}" in first.text
    assert password[1] not in (Path(environ["DATA_DIR"]) / "logs" / "playtally.log").read_text()
    running = everything_that_runs(first)
    first.process.terminate()
    assert first.process.wait(timeout=60) == 0
    assert not any(map(is_alive, running))
    second = launch()
    second.wait_until_it_serves()
    assert "password" not in second.text


def test_every_program_runs_and_the_site_answers(launch: Launch, environ: dict[str, str]) -> None:
    launched = launch(WORKERS="2")
    launched.wait_until_it_serves()
    running = [command(pid) for pid in everything_that_runs(launched)]
    assert sum("--queue small" in words for words in running) == 2
    with urllib.request.urlopen(f"http://127.0.0.1:{environ['PORT']}/healthz") as answer:
        assert answer.status == 200


def test_database_and_redis_of_a_site_are_those_it_was_told_of(launch: Launch, environ: dict[str, str]) -> None:
    launch().wait_until_it_serves()
    settings = read_settings(environ)
    assert (settings.data_dir / "playtally.db").exists() is not bool(environ["DATABASE_URL"])
    with database(settings):
        assert [account.username for account in accounts.everyone()] == ["admin"]
    with Redis.from_url(settings.redis_url) as redis:
        eventually(lambda: redis.smembers("rq:workers"))
    assert (settings.data_dir / "redis").exists() is not bool(environ["REDIS_URL"])


def test_programs_that_are_killed_are_started_again(launch: Launch) -> None:
    launched = launch()
    launched.wait_until_it_serves()
    everything_that_runs(launched)
    killed = {words: child_with(launched.process.pid, words) for words in launched.programs}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    for words, pid in killed.items():
        eventually(lambda words=words, pid=pid: child_with(launched.process.pid, words) not in (None, pid))
    assert launched.text.count("was killed by SIGKILL; restarting in 0.5 seconds") == len(launched.programs)


def test_ctrl_c_leaves_no_process_behind(launch: Launch) -> None:
    launched = launch()
    launched.wait_until_it_serves()
    running = everything_that_runs(launched)
    launched.process.send_signal(signal.SIGINT)
    assert launched.process.wait(timeout=60) == 0
    assert [command(pid) for pid in running if is_alive(pid)] == []
    assert launched.text.rstrip().endswith("all processes have ended")


def test_a_killed_launcher_takes_all_its_processes_along(launch: Launch) -> None:
    launched = launch()
    launched.wait_until_it_serves()
    running = everything_that_runs(launched)
    launched.process.kill()
    launched.process.wait()
    eventually(lambda: not any(map(is_alive, running)))


def test_a_signal_during_the_start_stops_what_was_started(launch: Launch) -> None:
    launched = launch()
    running = eventually(lambda: descendants(launched.process.pid))
    launched.process.terminate()
    assert launched.process.wait(timeout=60) == 0
    assert not any(map(is_alive, running))


def test_a_second_launcher_over_the_same_data_is_refused(launch: Launch) -> None:
    launch().wait_until_it_serves()
    assert refused(launch(PORT="9")).startswith("Playtally runs already with the data in ")


def test_a_wrong_setting_is_refused_in_a_sentence(launch: Launch) -> None:
    assert refused(launch(PORT="many")) == "PORT should be a whole number, but is 'many'."


def test_a_password_that_is_too_short_is_refused_in_a_sentence(launch: Launch) -> None:
    launched = launch(ADMIN_PASSWORD="short")
    assert launched.process.wait(timeout=120) == 1
    assert f"The first administrator cannot be made. {accounts.SENTENCES['password_too_short']}" in launched.text


def test_the_administrator_is_there_before_the_site_answers(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    monkeypatch.setattr(start, "make_administrator", lambda settings: happened.append("administrator") or "made up")
    monkeypatch.setattr(start.site, "upgrade_database", lambda environ: happened.append("tables"))
    monkeypatch.setattr(start.queues, "answers", lambda connection: True)
    monkeypatch.setattr(start.site, "answers", lambda settings: False)
    monkeypatch.setattr(start, "SECONDS_FOR_THE_SITE", 0)
    monkeypatch.setattr(Supervisor, "start", lambda self, program: happened.append(program.name))
    output = Output(tmp_path / "playtally.log", 14)
    shown: list[str] = []
    monkeypatch.setattr(output, "show", shown.append)
    with pytest.raises(CannotStartError):
        start._bring_up(read_settings(environ), Supervisor(output, environ), output, environ)
    output.close()
    assert happened == ["tables", "administrator", "web"]
    assert "made up" in shown[0]  # it is never told again, so it is told even where the site does not come up


def test_a_database_that_is_not_there_is_named_in_a_sentence(launch: Launch) -> None:
    launched = launch(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert launched.process.wait(timeout=120) == 1
    assert "The database could not be brought up to date" in launched.text
    assert "Connection refused" in launched.text
    assert "Traceback" not in launched.text


def test_a_redis_that_is_not_there_is_named_in_a_sentence(launch: Launch) -> None:
    launched = launch(REDIS_URL="redis://127.0.0.1:1/0")
    assert launched.process.wait(timeout=120) == 1
    assert "Nothing answers at REDIS_URL." in launched.text


def everything_that_runs(launched: Launched) -> list[int]:
    """All processes below the launcher, once each program is among them."""
    eventually(lambda: all(child_with(launched.process.pid, words) for words in launched.programs))
    return descendants(launched.process.pid)


def refused(launched: Launched) -> str:
    assert launched.process.wait(timeout=60) == 2
    return launched.text.strip()
