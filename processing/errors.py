"""The refusal of a file: a sentence for people, a code for scripts, and the place in the file for both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """A possible answer to a question."""

    value: str  # of the option
    label: str  # for people


@dataclass(frozen=True, slots=True)
class Question:
    """A question that only a person can answer: values of options with which a new run would succeed."""

    options: tuple[str, ...]  # names of options, each of which takes one of the choices
    choices: tuple[Choice, ...]


class RefusedError(Exception):
    """The file cannot be added up as it is.

    ``str(error)`` says in one sentence what was expected, what was found and what to do.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        bad_rows: int = 0,
        question: Question | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code  # stable, for scripts
        self.message = message
        self.line = line  # physical line in the file, from 1
        self.column = column
        self.value = value  # as found, shortened
        self.bad_rows = bad_rows  # number of bad rows in the file
        self.question = question  # with its answer the file can be added up
        self.rejected: tuple[Any, ...] = ()  # the first bad rows (result.BadRow), if any
        self.detected: Any = None  # result.Detected, once the inspection has succeeded

    def to_json(self) -> dict[str, Any]:
        """Return the error object of the command line and the API."""
        return {
            "code": self.code,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "bad_rows": self.bad_rows,
            "question": asdict(self.question) if self.question else None,
        }

    def summary(self) -> dict[str, Any]:
        """Return what was found before the refusal, under the keys of Outcome.summary()."""
        return {
            "bad_rows": self.bad_rows,
            "rejected": [asdict(row) for row in self.rejected],
            "detected": asdict(self.detected) if self.detected else None,
        }
