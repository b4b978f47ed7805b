"""The refusal of a file: a code with its parameters, and the place in the file; the sentences are in sentences.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from processing import sentences


@dataclass(frozen=True, slots=True)
class Choice:
    """A possible answer to a question."""

    value: str  # of the option
    key: str  # of its label
    params: dict[str, Any] = field(default_factory=dict)


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
        key: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        bad_rows: int = 0,
        question: Question | None = None,
        **params: Any,
    ) -> None:
        """``key`` is one of sentences.REFUSALS; ``params`` are the other values in its sentence, fit for JSON."""
        super().__init__(key)
        self.key = key
        self.params = params
        self.line = line  # physical line in the file, from 1
        self.column = column
        self.value = value  # as found, shortened
        self.bad_rows = bad_rows  # number of bad rows in the file
        self.question = question  # with its answer the file can be added up
        self.rejected: tuple[Any, ...] = ()  # the first bad rows (result.BadRow), if any
        self.detected: Any = None  # result.Detected, once the inspection has succeeded

    @property
    def code(self) -> str:
        """Return the stable code, for scripts."""
        return self.key.partition(".")[0]

    @property
    def message(self) -> str:
        """Return the sentence for people."""
        return str(self.to_json()["message"])

    def __str__(self) -> str:
        return self.message

    def to_json(self) -> dict[str, Any]:
        """Return the error object of the command line and the API."""
        return sentences.error_json(self.to_record())

    def to_record(self) -> dict[str, Any]:
        """Return the same as data to store, which ``sentences.error_json`` turns into the error object."""
        return {
            "code": self.code,
            "key": self.key,
            "params": self.params,
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
