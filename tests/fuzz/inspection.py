"""Fuzzing of the inspection: any bytes give a dialect or a refusal in words, and nothing else.

``python -m tests.fuzz.inspection CORPUS_DIR [libFuzzer's options]``; what it finds stays in CORPUS_DIR, which
begins with the files of tests/data.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["processing"]):
    from processing.dialect.dialect import Dialect
    from processing.errors import RefusedError
    from processing.inspection.inspect import inspect
    from processing.options import Options

from tests.corpus.words import complaint
from tests.paths import DATA

IN_MEMORY = "/dev/shm"


def check(data: bytes, source: Path) -> None:
    """Look at the bytes as a file; raises AssertionError where the end is none of the two."""
    source.write_bytes(data)
    found = end_of(source)
    if isinstance(found, RefusedError):
        wrong = complaint(found.message, found.value)
        assert wrong is None, f"{found.message!r} has {wrong}"
    else:
        assert_usable(found)


def end_of(source: Path) -> Dialect | RefusedError:
    """What the inspection says."""
    try:
        return inspect(source, Options())
    except RefusedError as refusal:
        return refusal


def assert_usable(dialect: Dialect) -> None:
    """That the rest of a run can rely on the dialect."""
    assert len(set(dialect.places.values())) == 3
    assert max(dialect.places.values()) < dialect.fields
    assert dialect.first_row >= 0
    assert dialect.first_line >= 1
    assert dialect.record_bytes > 0
    assert dialect.syntax.delimiter.isascii()


def main() -> None:
    """Fuzz until libFuzzer's options say stop."""
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for path in DATA.glob("*.csv"):
        shutil.copy(path, corpus / path.name)
    with tempfile.NamedTemporaryFile(dir=IN_MEMORY) as file:
        atheris.Setup([sys.argv[0], *sys.argv[1:]], lambda data: check(data, Path(file.name)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
