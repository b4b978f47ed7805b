"""SQLite as we set it up: readers beside a writer, references that hold, commits that survive a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from common.settings import read_settings
from store.database import bind, db


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Path]:
    """The database file of an application that was told of no other database."""
    app = Flask("store-tests")
    bind(app, read_settings({"DATA_DIR": str(tmp_path)}))
    with app.app_context():
        db.create_all()
        yield tmp_path / "playtally.db"
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 30_000), ("synchronous", 2)],
)
def test_every_connection_is_prepared(on_sqlite: Path, pragma: str, value: object) -> None:
    for _ in range(2):
        assert db.session.scalar(text(f"PRAGMA {pragma}")) == value
        db.session.remove()
        db.engine.dispose()


def test_a_reader_reads_on_while_a_writer_has_not_finished(on_sqlite: Path) -> None:
    count = text("SELECT count(*) FROM account")
    with db.engine.connect() as writer, db.engine.connect() as reader:
        columns = "id, username, password_hash, is_admin, created_at"
        writer.execute(text(f"INSERT INTO account ({columns}) VALUES (1, 'anna', '', 0, '2024-01-01')"))
        assert reader.scalar(count) == 0
        writer.commit()
        reader.rollback()
        assert reader.scalar(count) == 1
    assert on_sqlite.read_bytes()[18:20] == b"\x02\x02"  # both versions of the file's form: 2 is WAL


@pytest.mark.parametrize("name", ["my plays", "a=b", "100%20", "what?", "one#two", "Töne", "a&b;c", "50%"])
def test_the_database_file_is_where_the_data_folder_is_whatever_its_name(tmp_path: Path, name: str) -> None:
    app = Flask("store-tests")
    bind(app, read_settings({"DATA_DIR": str(tmp_path / name)}))
    with app.app_context():
        db.create_all()
        db.engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "playtally.db").stat().st_size > 0
