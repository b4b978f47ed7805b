"""Dates in each style. One style holds for a whole file, detected by the inspection or given by the caller."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from common.option_words import DateStyle
from processing.columns import BLANKS

EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY = date.min.toordinal() - EPOCH  # 0001-01-01
LAST_DAY = date.max.toordinal() - EPOCH  # 9999-12-31


_S = DateStyle

# In languages whose words do not conflict: en, de, fr, es, it, pt, nl, sv, da, no. Prefixes of three or more letters
# count too, if they begin the words of one month only.
_MONTHS = (
    "january januar jänner janvier enero gennaio janeiro januari",
    "february februar feber février fevrier febrero febbraio fevereiro februari",
    "march märz maerz mars marzo março marco maart mrz mrt",
    "april avril abril aprile",
    "may mai mayo maggio maio mei maj",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho juil",
    "august août aout agosto augustus augusti",
    "september septembre septiembre setiembre settembre setembro sept",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember décembre decembre diciembre dicembre dezembro desember",
)


def _month_words() -> dict[str, int]:
    words: dict[str, int] = {}
    short: dict[str, set[int]] = {}
    for month, line in enumerate(_MONTHS, start=1):
        for word in line.split():
            words[word] = month
            for length in range(3, len(word)):
                short.setdefault(word[:length], set()).add(month)
    return {word: months.pop() for word, months in short.items() if len(months) == 1} | words


MONTH_WORDS = _month_words()

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)? ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_TIME = r"(?: (?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?: ?[AaPp][Mm])?)?"
_NAMED = re.compile(
    r"(?:([0-9]{1,2})\.?[ .\-/]?(?:de |of )?([^\W\d_]+)\.?,?[ .\-/]?(?:de |del )?([0-9]{4})"
    r"|([^\W\d_]+)\.?[ .\-/]?([0-9]{1,2}),?[ \-/]([0-9]{4}))"
)
Parts = tuple[int, int, int]  # year, month, day


def _year_first(mark: str) -> Callable[[str], Parts | None]:
    form = re.compile(rf"([0-9]{{4}}){re.escape(mark)}([0-9]{{1,2}}){re.escape(mark)}([0-9]{{1,2}})" + _TIME)

    def parts(text: str) -> Parts | None:
        found = form.fullmatch(text)
        return (int(found[1]), int(found[2]), int(found[3])) if found else None

    return parts


def _year_last(mark: str, *, day_first: bool) -> Callable[[str], Parts | None]:
    form = re.compile(rf"([0-9]{{1,2}}){re.escape(mark)}([0-9]{{1,2}}){re.escape(mark)}([0-9]{{4}})" + _TIME)

    def parts(text: str) -> Parts | None:
        found = form.fullmatch(text)
        if not found:
            return None
        one, other, year = int(found[1]), int(found[2]), int(found[3])
        return (year, other, one) if day_first else (year, one, other)

    return parts


def _iso(text: str) -> Parts | None:
    found = _ISO.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _compact(text: str) -> Parts | None:
    if len(text) == 8 and text.isascii() and text.isdigit():
        return int(text[:4]), int(text[4:6]), int(text[6:])
    return None


def _named(text: str) -> Parts | None:
    found = _NAMED.fullmatch(unicodedata.normalize("NFC", text))
    if not found:
        return None
    day, name, year = found.groups()[:3] if found[1] else (found[5], found[4], found[6])
    month = MONTH_WORDS.get(name.casefold())
    return (int(year), month, int(day)) if month and year.isascii() else None


_FORMS: dict[DateStyle, Callable[[str], Parts | None]] = {
    _S.ISO: _iso,
    _S.ISO_SLASHES: _year_first("/"),
    _S.ISO_DOTS: _year_first("."),
    _S.COMPACT: _compact,
    _S.DAY_FIRST: _year_last("/", day_first=True),
    _S.MONTH_FIRST: _year_last("/", day_first=False),
    _S.DAY_FIRST_DOTS: _year_last(".", day_first=True),
    _S.MONTH_FIRST_DOTS: _year_last(".", day_first=False),
    _S.DAY_FIRST_DASHES: _year_last("-", day_first=True),
    _S.MONTH_FIRST_DASHES: _year_last("-", day_first=False),
    _S.NAMED: _named,
}


def has_form(text: str, style: DateStyle) -> bool:
    """Return whether a text is written in a style, even if there is no such day."""
    return _FORMS[style](text.strip(BLANKS)) is not None


def day_of(text: str, style: DateStyle) -> int | None:
    """Return the days since 1970-01-01; None if the text is not in the style or there is no such day."""
    parts = _FORMS[style](text.strip(BLANKS))
    if parts is None:
        return None
    try:
        return date(*parts).toordinal() - EPOCH
    except ValueError:
        return None


def styles_of(text: str) -> tuple[DateStyle, ...]:
    """Return the styles in which a text is a date."""
    return tuple(style for style in DateStyle if day_of(text, style) is not None)
