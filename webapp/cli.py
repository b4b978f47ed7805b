"""Commands for developers and administrators, such as ``flask --app webapp create-user``, and the shell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from common.option_words import BAD_ROWS
from store import accept_upload, accounts, jobs, models
from store.accounts import AccountError
from store.database import db
from store.models import Account, Job
from store.options import JobOptions
from store.states import STATES, JobState
from webapp.app_context import resources
from webapp.errors.handlers import SENTENCES, InsufficientStorage
from webapp.job_errors import sentence_of
from webapp.sizes import parse_size
from webapp.uploads.multipart import PIECE, Limits, plain_refusals, write_down

TOP = Path(__file__).parent.parent
NO_DATABASE = "There is no database yet. Start the site once (make run), with the same DATA_DIR if you set one."
NOT_CLAIMED = 75  # exit code of `python -m worker JOB ATTEMPT` when another worker has claimed the attempt


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (create_user, set_password, process_csv, demo_file):
        app.cli.add_command(command)
    app.shell_context_processor(_shell)


def _first_line(_context: click.Context, _option: click.Parameter, path: str | None) -> str | None:
    """Return the password on the first line of the file, if one is named."""
    if path is None:
        return None
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return str(file.readline()).rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.BadParameter("The file is not UTF-8 text.") from None
    except OSError as error:
        raise click.BadParameter(f"The file cannot be read ({error.strerror}).") from None


_password_file = click.option(
    "--password-file",
    "password",
    type=click.Path(allow_dash=True),
    callback=_first_line,
    help="Read the password from the first line of this file; - is standard input. Without it you are prompted.",
)


def _ask_for_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@click.command("create-user")
@click.argument("name")
@click.option("--admin", is_flag=True, help="Let the account see everyone's files and add people.")
@_password_file
@click.option("--password-stdin", is_flag=True, help="The same as --password-file -")
@with_appcontext
def create_user(name: str, admin: bool, password: str | None, password_stdin: bool) -> None:
    """Create an account named NAME."""
    if password is None:
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_for_password()
    try:
        made = accounts.create(name, password, is_admin=admin)
    except AccountError as error:
        raise click.ClickException(str(error)) from None
    except OperationalError:
        raise click.ClickException(NO_DATABASE) from None
    click.echo(f"{made.username} can sign in now.")


@click.command("set-password")
@click.argument("name")
@_password_file
@with_appcontext
def set_password(name: str, password: str | None) -> None:
    """Set a new password for the account NAME, and sign it out everywhere, scripts included."""
    try:
        changed = accounts.set_password(name, password if password is not None else _ask_for_password())
    except AccountError as error:
        raise click.ClickException(str(error)) from None
    except OperationalError:
        raise click.ClickException(NO_DATABASE) from None
    click.echo(f"{changed.username} can sign in with the new password now. All other sessions and tokens have ended.")
    if changed.disabled_at is not None:
        click.echo("The account is disabled: enable it on the page of people.", err=True)


@click.command("process-csv")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bad-rows", type=click.Choice(BAD_ROWS), default="stop", show_default=True)
@with_appcontext
def process_csv(path: Path, bad_rows: str) -> None:
    """Process the file PATH right away, bypassing the queue, and print the paths of its totals."""
    job = _accepted(path, JobOptions(bad_rows=bad_rows))
    job_id, attempt = job.id, job.attempt
    db.session.remove()
    ended = _ended(job_id, _run(job_id, attempt))
    if ended.state is not JobState.DONE:
        raise click.ClickException(sentence_of(ended))
    for part in ended.parts:
        click.echo(str(resources().files.result(ended.id, ended.attempt, part.name)))


@click.command("demo-file")
@click.option("--total-size", default="1GB", show_default=True, help="1GB is 10^9 bytes, 1GiB 2^30.")
@click.option("--file-name", default="test_data.csv", show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--songs", type=click.IntRange(min=1), default=100_000, show_default=True, help="Number of distinct songs."
)
@click.option(
    "--days", type=click.IntRange(min=1, max=2_900_000), default=365, show_default=True, help="Number of distinct days."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
def demo_file(total_size: str, file_name: Path, songs: int, days: int, seed: int) -> None:
    """Write a demo file of song plays."""
    try:
        total_bytes = parse_size(total_size)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--total-size") from None
    # Imported here because it loads numpy, which the site does not need.
    from processing.demo import write_demo_file

    began = time.monotonic()
    try:
        write_demo_file(file_name, total_bytes, songs, days, seed)
    except OSError as error:
        raise click.ClickException(f"{file_name} cannot be written ({error.strerror}).") from None
    written, seconds = file_name.stat().st_size, time.monotonic() - began
    click.echo(f"{file_name}: {written:,} bytes in {seconds:.1f} s, {written / 1e6 / max(seconds, 1e-3):.0f} MB/s")


def _accepted(path: Path, options: JobOptions) -> Job:
    """Create a job for a copy of the file, or a new run of its job if the same file was sent before."""
    try:
        owner = db.session.scalar(select(Account).where(Account.is_admin, Account.disabled_at.is_(None)))
    except OperationalError:
        raise click.ClickException(NO_DATABASE) from None
    if owner is None:
        raise click.ClickException(
            "There is no administrator yet. Make one: flask --app webapp create-user NAME --admin"
        )
    received = _copied(path)
    try:
        return accept_upload.accept(resources().files, owner.id, received, options)
    except accept_upload.AlreadySentError as earlier:
        known = db.session.get_one(Job, earlier.job_id)
        return jobs.run_again(known, options)
    finally:
        received.let_go()


def _copied(path: Path) -> accept_upload.Received:
    try:
        with open(path, "rb") as file, plain_refusals():
            pieces = iter(lambda: file.read(PIECE), b"")
            size = os.fstat(file.fileno()).st_size or None  # a pipe has no size
            return write_down(resources().files, path.name, pieces, Limits(announced=size))
    except InsufficientStorage:
        raise click.ClickException(SENTENCES[507]) from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be copied ({error.strerror}).") from None


def _run(job_id: str, attempt: int) -> int:
    """Run the attempt in a process of its own, since this one must not load Vaex; return the exit code."""
    paths = os.pathsep.join(filter(None, (str(TOP), os.environ.get("PYTHONPATH"))))
    call = [sys.executable, "-m", "worker", job_id, str(attempt)]
    return subprocess.run(call, env={"LOG_FORMAT": "text"} | os.environ | {"PYTHONPATH": paths}, check=False).returncode


def _ended(job_id: str, exit_code: int) -> Job:
    """Return the job once it has ended, waiting if a worker of the running site claimed it first.

    Raises:
        click.ClickException: the process that ran it stopped early.
    """
    while True:
        job = db.session.get_one(Job, job_id)
        if STATES[job.state].is_final:
            return job
        if exit_code != NOT_CLAIMED:
            raise click.ClickException(f"The work stopped early ({exit_code}). Start the site, and it tries again.")
        db.session.rollback()
        time.sleep(0.5)


def _shell() -> dict[str, Any]:
    """Return the names that are predefined in ``flask shell``."""
    # Imported here because only a shell may load Vaex: gunicorn imports this module too, and must stay light and
    # safe to fork.
    from processing.pipeline import process_csv as process

    rows = {model.__name__: model for model in (models.Account, models.Token, models.Upload, models.Job, models.Part)}
    return {"db": db, "process_csv": process, **rows}
