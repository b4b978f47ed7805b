"""Why a file is refused: a sentence for people, a code for scripts, a place for both."""

from __future__ import annotations

from typing import Any


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
    ) -> None:
        super().__init__(message)
        self.code = code  # stable, for scripts
        self.message = message
        self.line = line  # physical line in the file, 1 upwards
        self.column = column
        self.value = value  # as found, shortened
        self.bad_rows = bad_rows  # how many rows are like this

    def to_json(self) -> dict[str, Any]:
        """The error object of the command line and of the API."""
        return {
            "code": self.code,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "bad_rows": self.bad_rows,
        }
