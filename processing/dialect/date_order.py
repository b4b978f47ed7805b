"""The style of a file's dates, by its values: if digits can be read both ways, only a day above 12 decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from common.option_words import DateStyle
from processing.date_styles import EXAMPLES, OTHER_ORDER, WORDS
from processing.dialect.dates import day_of, styles_of
from processing.errors import Choice, Question, RefusedError

_DOTS = (DateStyle.DAY_FIRST_DOTS, DateStyle.MONTH_FIRST_DOTS)


def style_in(texts: Iterable[str]) -> tuple[DateStyle, str | None]:
    """Return the style of most dates, and one of them if the order of day and month is still open.

    Raises:
        RefusedError: some dates show one order and others the other.
    """
    counts: Counter[DateStyle] = Counter()
    examples: dict[DateStyle, str] = {}
    written = Counter(texts)
    for text, times in written.items():
        styles = styles_of(text)
        for style in styles:
            counts[style] += times
            if len(styles) == 1:
                examples.setdefault(style, text.strip())
    if not counts:
        return DateStyle.ISO, None
    best = max(DateStyle, key=lambda style: counts[style])
    other = OTHER_ORDER.get(best)
    if other is None:
        return best, None
    if best in examples and other in examples:
        raise contradiction(best, examples[best], examples[other], None)
    if best in examples or best in _DOTS:
        return best, None
    return best, next(text for text in written if day_of(text, best) is not None)


def deciding_style(text: str, style: DateStyle) -> DateStyle | None:
    """Return the only style, of this one and the one with day and month swapped, that reads a text; None if both do."""
    found = [one for one in styles_of(text) if one in (style, OTHER_ORDER[style])]
    return found[0] if len(found) == 1 else None


def ambiguous(style: DateStyle, line: int, example: str) -> RefusedError:
    """Return the refusal of a file in which no day is above 12."""
    return RefusedError(
        "dates_ambiguous",
        f'Dates such as "{example}" can be read in two ways, and no date of the file shows whether the day or the '
        "month comes first. Choose one.",
        line=line,
        column="Date",
        value=example,
        question=order_question(style),
    )


def contradiction(style: DateStyle, example: str | None, odd: str, line: int | None) -> RefusedError:
    """Return the refusal of a file in which some dates show one order of day and month, and some the other."""
    other = OTHER_ORDER[style]
    like = f' such as "{example}"' if example else ""
    return RefusedError(
        "dates_contradict",
        f'The date "{odd}" can only be {WORDS[other]}, but other dates of the file{like} can only be '
        f"{WORDS[style]}. Choose one, and rows that do not fit it are treated as rows that cannot be read.",
        line=line,
        column="Date",
        value=odd,
        question=order_question(style),
    )


def order_question(style: DateStyle) -> Question:
    """Return the question whether the day or the month comes first."""
    first, second = sorted((style, OTHER_ORDER[style]), key=list(DateStyle).index)
    return Question(
        ("date_style",),
        tuple(Choice(str(one), f"{WORDS[one]}, like {EXAMPLES[one]} for 31 March 2024") for one in (first, second)),
    )
