"""The client that people are given, against a real site: what it fetches, and how it says what went wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.processes import eventually
from tests.site import Site
from tests.static.conftest import CLIENT, Run
from tests.static.gate import Gate
from webapp.security.rate_limits import WRONG_SIGN_IN

Words = Callable[..., tuple[list[str], dict[str, str]]]


def results(site: Site, job_id: str) -> list[bytes]:
    """The parts as they are on the site's disk."""
    return [path.read_bytes() for path in sorted((site.data_dir / "results" / job_id).rglob("*.csv"))]


def fetched(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def the_job(site: Site, account: str) -> str:
    """The id of the account's newest job."""
    return str(jobs_of(site, account)[0].split()[0])


def jobs_of(site: Site, account: str) -> list[str]:
    command = [sys.executable, str(CLIENT), "--site", site.base, "--username", account, "jobs"]
    environ = os.environ | {"PLAYTALLY_PASSWORD": site.password}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_file_goes_there_and_its_parts_come_back(site: Site, account: str, run: Run, plays: Path) -> None:
    folder = plays.with_name("totals")
    shown = run("run", plays, "--to", folder)
    assert shown.returncode == 0, shown.stderr
    assert fetched(folder) == results(site, the_job(site, account))
    assert len(fetched(folder)) > 2
    assert shown.stdout.splitlines() == [str(path) for path in sorted(folder.iterdir())]
    assert re.search(r"[\d,]+ rows read, [\d,]+ used, [\d,]+ \w+; [\d,]+ plays\.", shown.stderr)
    assert not plays.with_name("plays.csv.playtally").exists()


def test_what_is_there_already_is_neither_run_nor_fetched_again(
    site: Site, account: str, run: Run, plays: Path
) -> None:
    with Gate(site.base) as gate:
        first = run("run", plays, base=gate.base)
        passed = gate.passed
        again = run("run", plays, base=gate.base)
        assert gate.passed - passed < 100_000
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert len(jobs_of(site, account)) == 1


def test_killed_in_the_middle_of_a_download_it_goes_on_where_it_was(
    site: Site, account: str, words: Words, run: Run, plays: Path
) -> None:
    folder = plays.with_name("totals")
    with Gate(site.base) as gate:
        gate.most = 600_000
        command, environ = words("run", plays, "--to", folder, base=gate.base)
        client = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        assert gate.is_shut.wait(120)
        aside = eventually(lambda: next(folder.glob("*.part"), None))
        eventually(lambda: aside.stat().st_size > 500_000)
        client.kill()
        client.wait()
        there, gate.most, gate.passed = aside.stat().st_size, None, 0
        shown = run("run", plays, "--to", folder, base=gate.base)
    assert shown.returncode == 0, shown.stderr
    parts = results(site, the_job(site, account))
    assert fetched(folder) == parts
    assert gate.passed < sum(map(len, parts)) - there + 20_000
    assert len(jobs_of(site, account)) == 1


def test_killed_in_the_middle_of_an_upload_it_makes_one_job_of_the_file(
    site: Site, account: str, words: Words, run: Run, plays: Path
) -> None:
    with Gate(site.base) as gate:
        gate.most_sent = 2_000_000
        command, environ = words("upload", plays, base=gate.base)
        client = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        assert gate.is_shut.wait(120)
        client.kill()
        client.wait()
        assert plays.with_name("plays.csv.playtally").exists()
        gate.most_sent = None
        shown = run("run", plays, base=gate.base)
    assert shown.returncode == 0, shown.stderr
    assert len(jobs_of(site, account)) == 1


def test_what_an_earlier_try_spoilt_is_fetched_once_more(site: Site, account: str, run: Run, plays: Path) -> None:
    job_id = run("upload", plays).stdout.strip()
    assert run("wait", job_id).returncode == 0
    folder = plays.with_name("totals")
    folder.mkdir()
    (folder / "plays-totals-00001.csv.part").write_bytes(b"something else")
    (folder / "plays-totals-00002.csv.part").write_bytes(b"x" * 2_000_000)
    shown = run("download", job_id, "--to", folder)
    assert shown.returncode == 0, shown.stderr
    assert fetched(folder) == results(site, job_id)


def test_another_file_of_the_same_name_stays_and_is_an_error(run: Run, plays: Path) -> None:
    folder = plays.with_name("totals")
    assert run("run", plays, "--to", folder).returncode == 0
    part = folder / "plays-totals-00001.csv"
    part.write_bytes(part.read_bytes()[:-1] + b"0")
    changed = part.read_bytes()
    shown = run("run", plays, "--to", folder)
    assert shown.returncode == 2
    assert shown.stderr.splitlines()[-1] == (
        f"{part} is there already, but is not what the site has. Move it away and try again."
    )
    assert part.read_bytes() == changed
    part.unlink()
    assert run("run", plays, "--to", folder).returncode == 0


def test_a_file_that_cannot_be_added_up_is_exit_1_with_reason_and_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("Song,Date,Number of Plays\nUmbrella,2020-01-02,200\nUmbrella,2020-01-02,12.5\n")
    shown = run("run", path)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "ine 3" in shown.stderr.splitlines()[-1]
    assert "12.5" in shown.stderr.splitlines()[-1]
    assert not path.with_name("bad.csv.playtally").exists()
    shown = run("run", path, "--option", "bad_rows=skip")
    assert shown.returncode == 0, shown.stderr
    assert "3 rows read" not in shown.stderr
    assert re.search(r"2 rows read, 1 used, 1 \w+; 200 plays\.", shown.stderr)


def test_a_question_comes_with_the_options_that_answer_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text("Song,Date,Number of Plays\nUmbrella,03/04/2024,200\n")
    shown = run("run", path)
    assert shown.returncode == 1
    assert "--option date_style=..." in shown.stderr
    assert "DD/MM/YYYY, MM/DD/YYYY" in shown.stderr
    shown = run("run", path, "--option", "date_style=DD/MM/YYYY")
    assert shown.returncode == 0, shown.stderr
    assert "2024-04-03,200" in (tmp_path / "open.csv.totals" / "open-totals-00001.csv").read_text()


def test_a_file_sent_before_is_run_again_where_it_is_to_be_read_otherwise(
    site: Site, account: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("Song,Date,Number of Plays\nUmbrella,2020-01-02,1.500\nUmbrella,2020-01-02,200\n")
    assert run("run", path, "--option", "thousands=point").returncode == 0
    shown = run("run", path, "--option", "thousands=point", "--option", "bad_rows=skip", "--to", tmp_path / "again")
    assert shown.returncode == 0, shown.stderr
    assert len(jobs_of(site, account)) == 2


def test_sent_again_with_other_options_than_first_a_file_has_one_run_with_them_that_came_to_something(
    site: Site, account: str, run: Run, plays: Path, tmp_path: Path
) -> None:
    assert run("run", plays).returncode == 0
    for time in ("second", "third"):
        shown = run("run", plays, "--option", "bad_rows=skip", "--to", tmp_path / time)
        assert shown.returncode == 0, shown.stderr
    assert len(jobs_of(site, account)) == 2
    other = tmp_path / "other.csv"
    other.write_text("Song,Date,Number of Plays\nUmbrella,2020-01-02,1.500\nUmbrella,2020-01-02,200\n")
    assert run("run", other, "--option", "thousands=point").returncode == 0
    failed = [run("run", other, "--option", "thousands=none").returncode for _ in range(2)]
    assert (failed, len(jobs_of(site, account))) == ([1, 1], 5)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"%PDF-1.7 " * 300_000])
def test_what_is_no_csv_is_refused_in_a_sentence(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plays.csv"
    path.write_bytes(content)
    shown = run("run", path)
    assert (shown.returncode, shown.stdout) == (1, "")
    (sentence,) = shown.stderr.splitlines()
    assert sentence.endswith(".")
    assert "reached" not in sentence


def test_a_wrong_option_is_refused_in_a_sentence(run: Run, plays: Path) -> None:
    shown = run("run", plays, "--option", "bad_rows=perhaps")
    assert (shown.returncode, shown.stderr) == (1, "bad_rows should be stop or skip, but is 'perhaps'.\n")
    assert run("run", plays, "--option", "bad_rows").returncode == 2


def test_a_wrong_password_is_exit_2(run: Run, plays: Path) -> None:
    shown = run("run", plays, PLAYTALLY_PASSWORD="wrong")
    assert (shown.returncode, shown.stderr) == (2, f"{WRONG_SIGN_IN}\n")


def test_site_and_token_may_stand_in_the_environment(site: Site, account: str, plays: Path) -> None:
    environ = os.environ | {"PLAYTALLY_SITE": site.base + "/", "PLAYTALLY_TOKEN": site.client(account + "2").access}
    command = [sys.executable, str(CLIENT), "upload", str(plays)]
    shown = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip() == the_job(site, account + "2")
    shown = subprocess.run(command, env=environ | {"PLAYTALLY_TOKEN": "wrong"}, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (2, "")
    shown = subprocess.run(command, env=environ | {"PLAYTALLY_TOKEN": ""}, capture_output=True, text=True)
    assert shown.returncode == 2
    assert "--token or --username" in shown.stderr


@pytest.mark.parametrize("base", ["http://127.0.0.1:9", "https://127.0.0.1:9", "playtally.example", "ftp://x"])
def test_nobody_there_is_exit_2_within_seconds(run: Run, plays: Path, base: str) -> None:
    shown = run("run", plays, base=base)
    assert shown.returncode == 2
    assert len(shown.stderr.splitlines()) == 1


def test_a_file_or_a_job_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    shown = run("run", tmp_path / "none.csv")
    assert (shown.returncode, shown.stderr) == (2, f"{tmp_path}/none.csv: No such file or directory.\n")
    assert (run("wait", "1").returncode, run("download", "../login").returncode) == (1, 1)


def test_an_upload_that_was_taken_is_not_sent_again(site: Site, account: str, run: Run, plays: Path) -> None:
    notes = plays.with_name("plays.csv.playtally")
    facts = plays.stat()
    about = {"site": site.base, "bytes": facts.st_size, "changed": facts.st_mtime_ns, "options": {}}
    job_id = run("upload", plays).stdout.strip()
    notes.write_text(json.dumps({"about": about, "key": "k", "job": job_id}))
    shown = run("run", plays)
    assert shown.returncode == 0, shown.stderr
    assert job_id in shown.stderr
    notes.write_text(json.dumps({"about": about, "key": "k", "job": "0" * 32}))  # deleted meanwhile
    assert run("run", plays).returncode == 0
    assert not notes.exists()


def test_tokens_are_renewed_while_a_file_is_under_way(
    site: Site, account: str, module: ModuleType, plays: Path
) -> None:
    client = module.Client.login(site.base, account, site.password)
    client.token = "over"
    job = client.wait(client.upload(plays))
    assert job["state"] == "done"
