"""The Procfile as the launcher reads it: programs in order, and a sentence for what it cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.preflight import CannotStartError
from launcher.programs import Program, of_procfile


@pytest.fixture
def procfile(tmp_path: Path) -> Path:
    return tmp_path / "Procfile"


def test_each_line_is_a_program_and_its_command_stays_as_it_is(procfile: Path) -> None:
    procfile.write_text('web: serve "a:b()" --port ${PORT:-1}  # kept\nworker-small:\tpython -m worker\r\nx_1:true')
    assert of_procfile(procfile, 1) == [
        Program("web", 'serve "a:b()" --port ${PORT:-1}  # kept'),
        Program("worker-small", "python -m worker"),
        Program("x_1", "true"),
    ]


def test_comments_and_blank_lines_are_skipped(procfile: Path) -> None:
    procfile.write_text("# what runs\n\n   \n  # web: old\nweb: new\n")
    assert of_procfile(procfile, 1) == [Program("web", "new")]


@pytest.mark.parametrize("line", ["web", "web:", "web:   ", ": serve", "the web: serve", "web = serve"])
def test_a_line_that_is_no_program_is_refused_with_its_number(procfile: Path, line: str) -> None:
    procfile.write_text(f"first: true\n{line}\n")
    with pytest.raises(CannotStartError, match=r"^Line 2 of the Procfile cannot be read: "):
        of_procfile(procfile, 1)


def test_a_name_that_stands_twice_is_refused(procfile: Path) -> None:
    procfile.write_text("web: one\nweb: two\n")
    with pytest.raises(CannotStartError, match=r"^Line 2 of the Procfile names 'web' again\."):
        of_procfile(procfile, 1)


def test_a_procfile_that_is_not_there_is_named(procfile: Path) -> None:
    with pytest.raises(CannotStartError, match="Procfile cannot be read"):
        of_procfile(procfile, 1)
