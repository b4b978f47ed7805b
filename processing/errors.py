"""Why a file is refused: a sentence for people, a code for scripts, a place for both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """A possible answer."""

    value: str  # of the option
    label: str  # for people


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person can know: values of options with which a new run would succeed."""

    options: tuple[str, ...]  # names of options that want one of the choices each
    choices: tuple[Choice, ...]


class RefusedError(Exception):
    """The file cannot be added up as it is.

    ``str(error)`` says in a sentence what was expected, what was found, and what to do.
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
        self.line = line  # physical line in the file, 1 upwards
        self.column = column
        self.value = value  # as found, shortened
        self.bad_rows = bad_rows  # how many rows are like this
        self.question = question  # an answer would let the file be added up
        self.rejected: tuple[Any, ...] = ()  # the first bad rows (outcome.BadRow), where there are any
        self.detected: Any = None  # outcome.Detected, where the inspection was over

    def to_json(self) -> dict[str, Any]:
        """The error object of the command line and of the API."""
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
        """What was found out before the refusal, in the words of Outcome.summary()."""
        return {
            "bad_rows": self.bad_rows,
            "rejected": [asdict(row) for row in self.rejected],
            "detected": asdict(self.detected) if self.detected else None,
        }
