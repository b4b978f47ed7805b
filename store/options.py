"""What a person or script may choose for a job."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

BAD_ROWS = ("stop", "skip")


class OptionsError(ValueError):
    """An option that does not exist; the message is for the person or script that sent it."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The choices of one job; kept as JSON in ``Job.options``."""

    bad_rows: str = "stop"  # stop: refuse the file; skip: leave such rows out and list them

    def __post_init__(self) -> None:
        if self.bad_rows not in BAD_ROWS:
            raise OptionsError(f"bad_rows should be stop or skip, but is {self.bad_rows!r}.")

    def to_json(self) -> dict[str, Any]:
        """The form that the database keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> JobOptions:
        """The inverse of :meth:`to_json`."""
        return cls(**data)
