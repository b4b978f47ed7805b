"""Tracebacks for the log, without values from the files of users."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import TracebackType

LONGEST = 20_000  # characters; longer ones are cut in the middle

# Errors whose messages never quote a file. Others may: "invalid literal for int(): 'Umbrella'".
_SAFE = (OSError, MemoryError, RuntimeError, AttributeError, NameError, ImportError, AssertionError)
_SAFE_MODULES = ("sqlalchemy.", "sqlite3", "psycopg", "redis.")
_WITHHELD = "(its words are withheld: they might hold values of the file)"


def trace_of(error: BaseException, traced: TracebackType | None, *, has_contents: bool) -> str:
    """Return the traceback of an error, causes first; ``has_contents`` withholds messages that may quote a file."""
    pieces = []
    for one, where in reversed(list(_chain(error, traced))):
        said = "".join(traceback.format_tb(where))
        pieces.append(f"{said}{name_of(one)}: {_words(one) if _is_safe(one) or not has_contents else _WITHHELD}")
    text = "\nwhich led to:\n".join(pieces)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n...\n{text[-half:]}"


def _chain(error: BaseException, traced: TracebackType | None) -> Iterator[tuple[BaseException, TracebackType | None]]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        yield one, traced if one is error else one.__traceback__
        seen.add(id(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _is_safe(error: BaseException) -> bool:
    return isinstance(error, _SAFE) or type(error).__module__.startswith(_SAFE_MODULES)


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a broken __str__ must not lose the line
        return "(it has no words)"


def name_of(error: BaseException) -> str:
    """Return the class of an error, with its module."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
