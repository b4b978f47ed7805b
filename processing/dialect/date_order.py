"""The style of a file's dates, by its values: if digits can be read both ways, only a day above 12 decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from common.option_words import DateStyle
from processing.date_styles import OTHER_ORDER
from processing.dialect.dates import EPOCH, day_of, styles_of
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
        raise contradiction(best, examples[other], None)
    if best in examples or best in _DOTS:
        return best, None
    return best, next(text for text in written if day_of(text, best) is not None)


def deciding_style(text: str, style: DateStyle) -> DateStyle | None:
    """Return the only style, of this one and the one with day and month swapped, that reads a text; None if both do."""
    found = [one for one in styles_of(text) if one in (style, OTHER_ORDER[style])]
    return found[0] if len(found) == 1 else None


def ambiguous(style: DateStyle, line: int, example: str) -> RefusedError:
    """Return the refusal of a file in which no day is above 12."""
    days, months = _orders(style)
    by_days, by_months = (_iso(example, one) for one in (days, months))
    question = _question(
        Choice(str(days), "day_first", {"date": by_days}), Choice(str(months), "month_first", {"date": by_months})
    )
    return RefusedError(
        "dates_ambiguous",
        line=line,
        column="Date",
        value=example,
        question=question,
        day_first=by_days,
        month_first=by_months,
    )


def contradiction(style: DateStyle, odd: str, line: int | None) -> RefusedError:
    """Return the refusal of a file in which some dates show one order of day and month, and some the other."""
    days, months = map(str, _orders(style))
    question = _question(
        Choice(days, "day_first.like", {"like": days}), Choice(months, "month_first.like", {"like": months})
    )
    return RefusedError("dates_contradict", line=line, column="Date", value=odd, question=question)


def _orders(style: DateStyle) -> tuple[DateStyle, DateStyle]:
    """Return a style and the one with day and month swapped, the one with the day first before the other."""
    other = OTHER_ORDER[style]
    return (style, other) if style.startswith("DD") else (other, style)


def _question(*choices: Choice) -> Question:
    """Return the question whether the day or the month comes first."""
    return Question(("date_style",), choices)


def _iso(text: str, style: DateStyle) -> str:
    day = day_of(text, style)
    assert day is not None
    return date.fromordinal(EPOCH + day).isoformat()
