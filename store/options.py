"""What a person or script may choose for a job."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from common.option_words import BAD_ROWS, CORRECTIONS, DATE_STYLES, DELIMITERS, ENCODINGS, QUOTES, THOUSANDS

LONGEST_COLUMN = 200  # characters

_LINE = re.compile(r"none|0{0,9}[1-9][0-9]{0,8}")
_SHOWN = 60  # characters of a wrong value in a message


class OptionsError(ValueError):
    """An option that does not exist, or a value that it does not have; the message is for whoever sent it."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The choices of one job; kept as JSON in ``Job.options``. An empty text: find it out.

    Raises:
        OptionsError: a value that is none of these.
    """

    bad_rows: str = "stop"  # stop: refuse the file; skip: leave such rows out and list them
    encoding: str = ""  # of ENCODINGS
    delimiter: str = ""  # of DELIMITERS, or one character
    quote: str = ""  # of QUOTES
    header_line: str = ""  # the line that names the columns, 1 upwards; none: there is no such line
    date_style: str = ""  # of DATE_STYLES
    thousands: str = ""  # of THOUSANDS
    song_column: str = ""  # a name in the header, or a number from 1
    date_column: str = ""
    plays_column: str = ""
    corrections: str = "refuse"  # allow: plays may be negative

    def __post_init__(self) -> None:
        for name, (wanted, fits) in _RULES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not (fits(value) or value == DEFAULTS[name]):
                shown = value[:_SHOWN] if isinstance(value, str) else value
                raise OptionsError(name, f"{name} should be {wanted}, but is {shown!r:.{_SHOWN + 2}}.")

    def with_changes(self, given: Mapping[str, Any]) -> JobOptions:
        """The same with other values; an empty one goes back to what it is by default. Raises OptionsError."""
        for name in given:
            if name not in DEFAULTS:
                raise OptionsError(name, f"There is no option {name[:_SHOWN]!r}, only {_either(DEFAULTS, 'and')}.")
        return replace(
            self, **{name: DEFAULTS[name] if value in (None, "") else value for name, value in given.items()}
        )

    def values(self) -> dict[str, str]:
        """All options by their names."""
        return asdict(self)

    def to_json(self) -> dict[str, Any]:
        """The form that the database keeps: what was chosen, and nothing of what is to be found out."""
        chosen = self.values().items()
        return {name: value for name, value in chosen if name == "bad_rows" or value != DEFAULTS[name]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobOptions:
        """The inverse of :meth:`to_json`; raises OptionsError."""
        return cls().with_changes(data)


def _is_delimiter(value: str) -> bool:
    """A word, or a character that cannot be meant as part of a value."""
    if len(value) == 1:
        return value.isascii() and not value.isalnum() and value not in "\0\"'\r\n"
    return value in DELIMITERS


def _is_column(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character, which no page could show
        return False
    return len(value) <= LONGEST_COLUMN


def _either(words: Collection[str], last: str = "or") -> str:
    *others, end = words
    return f"{', '.join(others)} {last} {end}"


def _one_of(words: Collection[str], *, may_be_empty: bool = True) -> tuple[str, Callable[[str], bool]]:
    return _either(words) + (" (or empty)" if may_be_empty else ""), lambda value: value in words


_COLUMN = (f"the name of a column or its number from 1, of up to {LONGEST_COLUMN} characters", _is_column)
# Each option with what it should be, and how that is told.
_RULES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "bad_rows": _one_of(BAD_ROWS, may_be_empty=False),
    "encoding": _one_of(ENCODINGS),
    "delimiter": (
        f"{', '.join(DELIMITERS)} or one character of ASCII that is no letter, digit, quote or line end (or empty)",
        _is_delimiter,
    ),
    "quote": _one_of(QUOTES),
    "header_line": ("the number of a line from 1, or none (or empty)", lambda value: bool(_LINE.fullmatch(value))),
    "date_style": _one_of(DATE_STYLES),
    "thousands": _one_of(THOUSANDS),
    "song_column": _COLUMN,
    "date_column": _COLUMN,
    "plays_column": _COLUMN,
    "corrections": _one_of(CORRECTIONS, may_be_empty=False),
}
DEFAULTS: dict[str, str] = {option.name: str(option.default) for option in fields(JobOptions)}
