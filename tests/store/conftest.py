"""Accounts, and jobs in an empty database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from store import accept_upload
from store.accept_upload import Received
from store.database import db
from store.files import Files
from store.models import Job
from store.options import JobOptions
from store.states import JobState
from tests.accounts import make_account
from tests.jobs import make_job

PLAYS = b"Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n"
Send = Callable[..., Job]
JobIn = Callable[..., str]


@pytest.fixture
def anna(store_app: Flask) -> int:
    """The number of anna's account, which nobody signs in to."""
    return make_account("anna")


@pytest.fixture
def send(files: Files, anna: int) -> Send:
    """Takes in a file of these bytes, of anna unless told otherwise; gives its job."""

    def accept(content: bytes = PLAYS, owner_id: int = anna) -> Job:
        return accept_upload.accept(files, owner_id, arrived(files, content), JobOptions())

    return accept


@pytest.fixture
def job(send: Send) -> Job:
    """A queued job of anna's."""
    return send()


@pytest.fixture
def job_in(files: Files, anna: int) -> JobIn:
    """Makes a job in a state, of anna unless told otherwise, and gives its id."""

    def make(state: JobState, owner_id: int = anna, **details: Any) -> str:
        return make_job(files, owner_id, state, **details)

    return make


def arrived(files: Files, content: bytes = PLAYS, name: str = "plays.csv") -> Received:
    """A file that has just arrived whole."""
    path = files.paths.new_incoming()
    path.write_bytes(content)
    return Received(path, name, len(content), hashlib.sha256(content).hexdigest())


def reread(job_id: str) -> Job:
    """The job's row as it is now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Job, job_id)


def on_disk(files: Files) -> list[str]:
    """Every file of uploads and jobs, by its place under DATA_DIR."""
    kinds = ("incoming", "uploads", "scratch", "staging", "results")
    found = [path for kind in kinds for path in (files.data_dir / kind).rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(files.data_dir)) for path in found)
