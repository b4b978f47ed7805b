"""A job in an empty database, and real worker processes over the same data."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text

from common.settings import Settings
from store import accept_upload, queues
from store.database import db
from store.files import Files
from store.models import Job
from store.options import JobOptions
from tests.accounts import make_account
from tests.orders import Orders

EXAMPLE = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\nIn The End,2020-01-01,500\nUmbrella,2020-01-02,50\n"
EXAMPLE_TOTALS = b"Song,Date,Total Number of Plays for Date\nIn The End,2020-01-01,500\nUmbrella,2020-01-02,250\n"


@dataclass(frozen=True)
class Submitted:
    """A job that was made, as it was then; :func:`reread` gives its row as it is now."""

    id: str
    upload_id: str
    queue: str
    file_bytes: int


Start = Callable[..., subprocess.Popen[bytes]]
Submit = Callable[..., Submitted]
Enqueue = Callable[[Submitted], None]


@pytest.fixture
def submit(store_app: Flask, files: Files) -> Submit:
    """Makes a queued job for these bytes, without telling the queue."""
    owner = make_account("anna")

    def make(content: bytes = EXAMPLE, options: JobOptions | None = None) -> Submitted:
        path = files.paths.new_incoming()
        path.write_bytes(content)
        digest = hashlib.sha256(os.urandom(8)).hexdigest()  # the same bytes may come again in these tests
        received = accept_upload.Received(path, "plays.csv", path.stat().st_size, digest)
        job = accept_upload.accept(files, owner, received, options or JobOptions())
        return Submitted(job.id, job.upload_id, job.queue, received.bytes)

    return make


@pytest.fixture
def job(submit: Submit) -> Submitted:
    """A queued job for the example."""
    return submit()


@pytest.fixture
def enqueue(redis: Redis) -> Enqueue:
    """Tells the queue about a job's first attempt."""

    def tell(job: Submitted) -> None:
        assert queues.enqueue(redis, job_id=job.id, attempt=1, queue=job.queue, file_bytes=job.file_bytes)

    return tell


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    """Orders to the worker processes of the test."""
    return Orders(tmp_path / "orders")


@pytest.fixture
def environ(settings: Settings, orders: Orders) -> dict[str, str]:
    """The environment of worker processes over the test's data."""
    return os.environ | {
        "FAULT_ORDERS": str(orders.folder),
        "DATA_DIR": str(settings.data_dir),
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "LEASE_SECONDS": "30",
        "RECONCILE_SECONDS": "1",
        "DATABASE_URL": settings.database_url,
    }


@pytest.fixture
def start(environ: dict[str, str], processes: None) -> Iterator[Start]:
    """Starts a Python module as a process of its own, which ends with the test."""
    started = []

    def run(*words: str, **more: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", *words], env=environ | more)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def reread(job_id: str) -> Job:
    """The job's row as it is now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Job, job_id)


@contextmanager
def table_away(name: str) -> Iterator[None]:
    """Make statements about a table fail, in every process, until the block ends."""
    _rename(name, "elsewhere")
    yield
    _rename("elsewhere", name)


def _rename(old: str, new: str) -> None:
    db.session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
    db.session.commit()


def working_files(files: Files) -> list[Path]:
    """What lies in scratch and staging."""
    return below(files, "scratch", "staging")


def below(files: Files, *kinds: str) -> list[Path]:
    """All files and folders of these kinds, also while they are being removed."""
    return [
        Path(folder, name)
        for kind in kinds
        for folder, folders, names in os.walk(files.data_dir / kind)
        for name in (*folders, *names)
    ]
