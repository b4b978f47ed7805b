"""Files and database know each other by a mark."""

from __future__ import annotations

from flask import Flask

from store.data_dir_check import belongs
from store.database import Base, db
from store.files import Files


def forget_everything() -> None:
    """A database without a row, as a new one is."""
    for table in reversed(Base.metadata.sorted_tables):
        db.session.execute(table.delete())
    db.session.commit()


def test_files_and_a_database_that_are_both_new_belong_together_from_then_on(store_app: Flask, files: Files) -> None:
    assert [belongs(files) for _ in range(3)] == [True] * 3


def test_a_new_database_does_not_account_for_the_files_of_another(store_app: Flask, files: Files) -> None:
    assert belongs(files)
    forget_everything()
    assert not belongs(files)
    assert not belongs(files)


def test_an_empty_folder_becomes_the_one_of_a_database_that_lost_its_own(store_app: Flask, files: Files) -> None:
    assert belongs(files)
    files.paths.mark.unlink()
    assert [belongs(files) for _ in range(2)] == [True] * 2


def test_a_folder_of_another_database_is_not_ours(store_app: Flask, files: Files) -> None:
    assert belongs(files)
    files.paths.mark.write_text("0" * 32)
    assert not belongs(files)
