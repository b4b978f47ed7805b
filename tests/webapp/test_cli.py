"""The commands for engineers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from common.settings import Settings
from store import accounts
from store.database import db
from store.models import Account, Job
from tests.accounts import PASSWORD
from webapp import cli
from webapp.errors.handlers import SENTENCES

Bearer = Callable[..., dict[str, str]]
CONTENT = "Song,Date,Number of Plays\nUmbrella,2020-01-02,200\nUmbrella,2020-01-02,50\n"
TOTALS = "Song,Date,Total Number of Plays for Date\nUmbrella,2020-01-02,250\n"


def run(app: Flask, *arguments: str, given: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(arguments), input=given)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The settings of the test for the worker's process, which reads them itself."""
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("SECRET_KEY", settings.secret_key)


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    path = tmp_path / "plays.csv"
    path.write_text(CONTENT)
    return path


def test_an_account_is_made_with_a_password_from_a_script(app: Flask) -> None:
    answer = run(app, "create-user", "Dora", "--admin", "--password-stdin", given="long enough\n")
    assert (answer.exit_code, answer.output) == (0, "dora can sign in now.\n")
    with app.app_context():
        assert accounts.authenticate("dora", "long enough").is_admin


def test_an_account_is_made_with_a_password_typed_twice(app: Flask) -> None:
    assert run(app, "create-user", "dora", given="long enough\nlong enough\n").exit_code == 0
    with app.app_context():
        assert not accounts.authenticate("dora", "long enough").is_admin


def test_an_unusable_account_is_refused_with_a_sentence(app: Flask) -> None:
    answer = run(app, "create-user", "anna", "--password-stdin", given="long enough\n")
    assert answer.exit_code == 1
    assert accounts.SENTENCES["name_taken"].format(name="anna") in answer.output


@pytest.mark.parametrize("command", [("create-user", "dora"), ("set-password", "anna")])
def test_a_password_comes_from_a_file_from_a_script_or_typed_twice(
    app: Flask, command: tuple[str, str], tmp_path: Path
) -> None:
    kept = tmp_path / "password"
    kept.write_text("lönger than eight\nnot this\n", encoding="utf-8")
    ways = [
        (("--password-file", str(kept)), ""),
        (("--password-file", "-"), "lönger than eight\r\n"),
        ((), "lönger than eight\nlönger than eight\n"),
    ]
    for words, given in ways:
        answer = run(app, *command, *words, given=given)
        assert answer.exit_code == 0, answer.output
        with app.app_context():
            assert accounts.authenticate(command[1], "lönger than eight")
            db.session.query(Account).filter_by(username="dora").delete()
            db.session.commit()


def test_a_new_password_ends_sessions_and_tokens(app: Flask, signed_in: FlaskClient, bearer: Bearer) -> None:
    script = bearer()
    assert run(app, "set-password", " ANNA ", "--password-file", "-", given="long enough\n").exit_code == 0
    with app.app_context():
        assert accounts.authenticate("anna", PASSWORD) is None
    assert signed_in.get("/files").status_code == 303
    assert app.test_client().get("/api/v1/jobs", headers=script).status_code == 401


def test_a_disabled_account_with_a_new_password_is_said_to_be_disabled(app: Flask) -> None:
    with app.app_context():
        anna = db.session.scalars(select(Account).filter_by(username="anna")).one()
        accounts.set_disabled(anna.id, True)
    answer = run(app, "set-password", "anna", "--password-file", "-", given="long enough\n")
    assert (answer.exit_code, "is disabled" in answer.output) == (0, True)


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("nobody", b"long enough\n", accounts.SENTENCES["no_account_of_name"].format(name="nobody")),
        ("anna", b"short\n", accounts.SENTENCES["password_too_short"]),
        ("anna", b"", accounts.SENTENCES["password_too_short"]),
        ("anna", b"\xff\xfe\xff\n", "The file is not UTF-8 text."),
    ],
)
def test_a_password_that_cannot_be_set_is_refused_with_a_sentence(
    app: Flask, tmp_path: Path, name: str, given: bytes, sentence: str
) -> None:
    kept = tmp_path / "password"
    kept.write_bytes(given)
    answer = run(app, "set-password", name, "--password-file", str(kept))
    assert (answer.exit_code != 0, sentence in answer.output) == (True, True)
    with app.app_context():
        assert accounts.authenticate("anna", PASSWORD)


@pytest.mark.usefixtures("processes")
@pytest.mark.usefixtures("environment")
def test_a_file_is_added_up_without_the_queue(app: Flask, plays: Path) -> None:
    for _ in range(2):  # the second time over the same upload
        answer = run(app, "process-csv", str(plays))
        assert answer.exit_code == 0, answer.output
        assert Path(answer.output.strip()).read_text() == TOTALS
    with app.app_context():
        assert [job.owner.username for job in db.session.query(Job)] == ["chief", "chief"]
    assert plays.read_text() == CONTENT


@pytest.mark.usefixtures("processes")
@pytest.mark.usefixtures("environment")
def test_a_file_that_is_refused_ends_with_its_sentence(app: Flask, plays: Path) -> None:
    plays.write_text(CONTENT + "Umbrella,2020-01-02,many\n")
    refused = run(app, "process-csv", str(plays))
    assert refused.exit_code == 1
    assert "many" in refused.output
    skipped = run(app, "process-csv", str(plays), "--bad-rows", "skip")
    assert Path(skipped.output.strip()).read_text() == TOTALS


def test_without_an_administrator_it_says_how_to_make_one(app: Flask, plays: Path) -> None:
    with app.app_context():
        db.session.query(Account).filter_by(username="chief").delete()
        db.session.commit()
    answer = run(app, "process-csv", str(plays))
    assert (answer.exit_code, "create-user NAME --admin" in answer.output) == (1, True)


def test_work_that_stops_early_is_said_so(app: Flask, plays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_run", lambda job_id, attempt: -9)
    answer = run(app, "process-csv", str(plays))
    assert (answer.exit_code, "stopped early (-9)" in answer.output) == (1, True)


def test_a_demo_file_has_its_size_and_is_the_same_again(app: Flask, tmp_path: Path) -> None:
    made = []
    for name in ("a.csv", "b.csv"):
        options = ("--file-name", str(tmp_path / name), "--songs", "50", "--days", "7", "--seed", "3")
        answer = run(app, "demo-file", "--total-size", "0.2MB", *options)
        assert answer.exit_code == 0, answer.output
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert abs(len(made[0]) - 200_000) < 200


def test_a_size_that_is_none_is_refused(app: Flask) -> None:
    answer = run(app, "demo-file", "--total-size", "much")
    assert (answer.exit_code, "not a size" in answer.output) == (2, True)


@pytest.mark.parametrize("name", ["nodir/x.csv", "."])
def test_a_demo_file_that_cannot_be_written_is_a_sentence(app: Flask, tmp_path: Path, name: str) -> None:
    answer = run(app, "demo-file", "--total-size", "1kB", "--file-name", str(tmp_path / name))
    assert answer.exit_code == 1
    assert answer.output.startswith(f"Error: {tmp_path / name} cannot be written")
    assert answer.output.count("\n") == 1


def test_more_days_than_dates_have_are_refused(app: Flask, tmp_path: Path) -> None:
    answer = run(app, "demo-file", "--days", "2900001", "--file-name", str(tmp_path / "x.csv"))
    assert (answer.exit_code, "2900000" in answer.output) == (2, True)


def test_a_disk_without_room_for_a_copy_is_a_sentence(app: Flask, plays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.disk_space.room", lambda _files: -1)
    answer = run(app, "process-csv", str(plays))
    assert (answer.exit_code, answer.output) == (1, f"Error: {SENTENCES[507]}\n")


def test_the_shell_has_the_models_and_the_processing_at_hand() -> None:
    at_hand = cli._shell()
    assert {"db", "process_csv", "Account", "Job", "Upload", "Part", "Token"} == set(at_hand)
