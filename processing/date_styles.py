"""The date styles: their examples and descriptions. Their names stand in common.option_words."""

from __future__ import annotations

from common.option_words import DateStyle

_S = DateStyle

# Pairs of styles that read the same digits differently, so that only a day above 12 tells them apart.
OTHER_ORDER = {
    one: other
    for pair in (
        (_S.DAY_FIRST, _S.MONTH_FIRST),
        (_S.DAY_FIRST_DOTS, _S.MONTH_FIRST_DOTS),
        (_S.DAY_FIRST_DASHES, _S.MONTH_FIRST_DASHES),
    )
    for one, other in (pair, pair[::-1])
}

# 31 March 2024, as an example for people.
EXAMPLES = {
    _S.ISO: "2024-03-31",
    _S.ISO_SLASHES: "2024/03/31",
    _S.ISO_DOTS: "2024.03.31",
    _S.COMPACT: "20240331",
    _S.DAY_FIRST: "31/03/2024",
    _S.MONTH_FIRST: "03/31/2024",
    _S.DAY_FIRST_DOTS: "31.03.2024",
    _S.MONTH_FIRST_DOTS: "03.31.2024",
    _S.DAY_FIRST_DASHES: "31-03-2024",
    _S.MONTH_FIRST_DASHES: "03-31-2024",
    _S.NAMED: "31 March 2024",
}

# What people call a style.
WORDS = {
    _S.ISO: "year-month-day",
    _S.ISO_SLASHES: "year/month/day",
    _S.ISO_DOTS: "year.month.day",
    _S.COMPACT: "year, month, day in eight digits",
    _S.DAY_FIRST: "day/month/year",
    _S.MONTH_FIRST: "month/day/year",
    _S.DAY_FIRST_DOTS: "day.month.year",
    _S.MONTH_FIRST_DOTS: "month.day.year",
    _S.DAY_FIRST_DASHES: "day-month-year",
    _S.MONTH_FIRST_DASHES: "month-day-year",
    _S.NAMED: "months by name",
}
