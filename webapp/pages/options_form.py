"""The form to run a file with other options, and the question that a failed job may ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from common.option_words import DELIMITERS, ENCODINGS, QUOTES, THOUSANDS, DateStyle
from store.options import LONGEST_COLUMN, JobOptions
from webapp.pages import detected_format

DETECT, DETECTED = "Detect", "Detected: {words}"  # shown for an empty field
MOST_COLUMNS = 200  # in a select; beyond, the form has a field for the number of the column
MOST_BUTTONS = 4  # choices of a question with a button each; more become a select

_SEPARATORS = {word: detected_format.separator_words(mark) for word, mark in DELIMITERS.items()} | {
    mark: detected_format.separator_words(mark) for mark in "^~#"
}
_CHOICES: dict[str, dict[str, str]] = {
    "encoding": ENCODINGS,
    "delimiter": _SEPARATORS,
    "quote": {word: detected_format.QUOTES[mark] for word, mark in QUOTES.items()},
    "date_style": {str(style): detected_format.date_words(style) for style in DateStyle},
    "thousands": {word: detected_format.thousands_words(mark) for word, mark in THOUSANDS.items()},
    "corrections": {"refuse": "treat as errors", "allow": "subtract (corrections)"},
    "bad_rows": {"stop": "stop", "skip": "skip and list"},
}
_LABELS = detected_format.LABELS | {
    "header_line": "Column names are on line",
    "corrections": "Negative numbers",
    "bad_rows": "Unreadable rows",
}
_GROUPS = {
    "The file": ("encoding", "delimiter", "quote", "header_line"),
    "The columns": ("song_column", "date_column", "plays_column"),
    "The rows": ("date_style", "thousands", "corrections", "bad_rows"),
}


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """One value of an option."""

    value: str
    label: str
    more: str = ""  # in small print below


@dataclass(frozen=True, slots=True)
class Field:
    """One option in a form."""

    option: str
    label: str
    kind: str  # select | line | number | text
    value: str
    choices: tuple[FieldChoice, ...] = ()  # of a select
    hint: str = ""  # what an empty field means
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A fieldset."""

    legend: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """The question of a failed job: one option with a button for each choice, or fields and one button."""

    buttons: tuple[FieldChoice, ...]
    option: str  # of the buttons
    fields: tuple[Field, ...]


def form_for(
    detected: dict[str, Any], chosen: JobOptions, sent: Mapping[str, str], asked: Collection[str] = ()
) -> tuple[Group, ...]:
    """Return all options with the values of the job, or those that were just ``sent``."""
    values = {name: sent.get(name, value) for name, value in chosen.values().items()}
    words = detected_format.words_for(detected, asked)
    names = detected.get("column_names") or ()
    return tuple(
        Group(legend, tuple(_field(option, values[option], words.get(option, ""), names) for option in options))
        for legend, options in _GROUPS.items()
    )


def asked_in(error: dict[str, Any]) -> tuple[str, ...]:
    """Return the options that the error of a job asks about."""
    return tuple((error.get("question") or {}).get("options", ()))


def question_of(error: dict[str, Any]) -> QuestionForm | None:
    """Return the question in the error of a job, or None."""
    asked = error.get("question")
    if not asked:
        return None
    choices = [(choice["value"], choice["label"]) for choice in asked["choices"]]
    options = asked["options"]
    if len(options) == 1 and len(choices) <= MOST_BUTTONS:
        return QuestionForm(tuple(_button(*choice) for choice in choices), options[0], ())
    listed = (FieldChoice("", "Choose"), *(FieldChoice(value, label) for value, label in choices))
    fields = (Field(option, _LABELS.get(option, option), "select", "", listed, is_required=True) for option in options)
    return QuestionForm((), "", tuple(fields))


def _button(value: str, label: str) -> FieldChoice:
    """Return a button with ``Day first, like 31/03/2024`` in two lines."""
    head, _, more = label.partition(", ")
    return FieldChoice(value, head, more)


def _field(option: str, value: str, words: str, names: tuple[str, ...] | list[str]) -> Field:
    label = _LABELS[option]
    hint = DETECTED.format(words=words) if words and not value else DETECT
    if option == "header_line":
        return Field(option, label, "line", value, hint=hint)
    if option in detected_format.COLUMNS:
        return _column(option, label, value, hint, names)
    choices = [FieldChoice(word, words) for word, words in _CHOICES[option].items()]
    if option == "delimiter":
        value = next((word for word, mark in DELIMITERS.items() if mark == value), value)
    if option in detected_format.LABELS:
        choices.insert(0, FieldChoice("", hint))
    return Field(option, label, "select", value, _with(choices, value))


def _column(option: str, label: str, value: str, hint: str, names: tuple[str, ...] | list[str]) -> Field:
    """Return a select of the file's columns if they are known and few; by number, as names may be duplicates."""
    if not names or len(names) >= MOST_COLUMNS:
        return Field(option, label, "number" if not value or value.isdecimal() else "text", value, hint=hint)
    choices = [FieldChoice("", hint)]
    choices += [FieldChoice(str(place + 1), detected_format.column_words(place, names)) for place in range(len(names))]
    return Field(option, label, "select", value, _with(choices, value))


def _with(choices: list[FieldChoice], value: str) -> tuple[FieldChoice, ...]:
    """Return the choices, plus the current value if it is not among them, so that it does not change by itself."""
    if value not in [choice.value for choice in choices]:
        choices = [*choices, FieldChoice(value, value[:LONGEST_COLUMN])]
    return tuple(choices)
