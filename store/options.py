"""The options of a job, as people and scripts choose them: validated, and stored as JSON."""

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
    """An unknown option or an invalid value; the message is for the client that sent it."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of one job, stored as JSON in ``Job.options``. An empty string means detect it.

    Raises:
        OptionsError: a value is invalid.
    """

    bad_rows: str = "stop"  # stop: refuse the file; skip: skip such rows and list them
    encoding: str = ""  # of ENCODINGS
    delimiter: str = ""  # of DELIMITERS, or one character
    quote: str = ""  # of QUOTES
    header_line: str = ""  # the number of the line with the column names, from 1; none: there is no header
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
        """Return a copy with these values; an empty one restores the default. Raises OptionsError."""
        for name in given:
            if name not in DEFAULTS:
                raise OptionsError(name, f"There is no option {name[:_SHOWN]!r}, only {_either(DEFAULTS, 'and')}.")
        return replace(
            self, **{name: DEFAULTS[name] if value in (None, "") else value for name, value in given.items()}
        )

    def values(self) -> dict[str, str]:
        """Return all options by name."""
        return asdict(self)

    def to_json(self) -> dict[str, Any]:
        """Return the form that the database stores: what was chosen, without what is to be detected."""
        chosen = self.values().items()
        return {name: value for name, value in chosen if name == "bad_rows" or value != DEFAULTS[name]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobOptions:
        """Restore options from :meth:`to_json`; raise OptionsError if they are invalid."""
        return cls().with_changes(data)


def _is_delimiter(value: str) -> bool:
    """Tell whether it is a named delimiter, or a character that is not part of ordinary values."""
    if len(value) == 1:
        return value.isascii() and not value.isalnum() and value not in "\0\"'\r\n"
    return value in DELIMITERS


def _is_column(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no page could show
        return False
    return len(value) <= LONGEST_COLUMN


def _either(words: Collection[str], last: str = "or") -> str:
    *others, end = words
    return f"{', '.join(others)} {last} {end}"


def _one_of(words: Collection[str], *, may_be_empty: bool = True) -> tuple[str, Callable[[str], bool]]:
    return _either(words) + (" (or empty)" if may_be_empty else ""), lambda value: value in words


_COLUMN = (f"the name of a column or its number from 1, of up to {LONGEST_COLUMN} characters", _is_column)
# Each option with a description of its valid values, and a test for them.
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
