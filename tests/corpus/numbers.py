"""Plays as people and programs write them, and what looks like a number but is not one for certain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.corpus.cases import PLAYS, Answer, Case
from tests.corpus.sheets import LONG, Sheet, always, filled, grouped, never, sheet, table

DAY = date(2024, 3, 31)
MOST = (1 << 63) - 1
MILLIONS = table(24, most=3_000_000)


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _whole()
    yield from _bad()
    yield from _decimals()
    yield from _thousands()
    yield from _thousands_in_doubt()
    yield from _large()
    yield from _corrections()
    yield from _told()


def _whole() -> Iterator[Case]:
    page = sheet(quoted=never).rows(table(4))
    for text in ("200", " 200 ", "+200", "0200", "000200", '"200"', "\t200", '" +0200 "'):
        page.row("Halo", DAY, 200, f"Halo,2024-03-31,{text}")
    yield page.case("one number written in many ways")
    page = sheet().rows(table(4))
    for text in ("0", "-0", "+0", "000", "-000"):
        page.row("Nothing", DAY, 0, f"Nothing,2024-03-31,{text}")
    yield page.case("a song with no plays at all stays in the answer")
    yield filled(number=lambda plays: f"{plays:012d}").case("numbers with many zeros in front")


def _bad() -> Iterator[Case]:
    for name, texts in {
        "decimals": ("12.5", "0.1", "200.01", ".5", "5.50", '"12,5"'),
        "no value": ("", " ", '""', "-", "–", "NULL", "null", "N/A", "#N/A", "nan", "NaN", "None", "\\N", "?"),
        "what programmers write": ("0x10", "1_000", "1e3", "1E+06", "0b1", "0o7", "10L", "1f", "inf", "Infinity"),
        "words": ("many", "TRUE", "false", "five", "200 plays", "~200", ">5", "5%", "$5", "5k", "1M", "200*", "II"),
        "formulas and errors of spreadsheets": ('"=""200"""', "=200", "#VALUE!", "#REF!", "########", "'200", "=1+1"),
        "digits that are not ASCII": ("٢٠٠", "２００", "२००", "²", "Ⅷ", "①", "2০0"),
        "two numbers or signs": ("5 6", "++5", "+-5", "--5", "5-", "5+", "1/2", "5:00", "10-20", "+ 5", "- 0"),
        "brackets": ("(5)", "[5]", "<5>", "{5}"),
    }.items():
        page = sheet(quoted=never).rows(table(6))
        for text in texts:
            page.bad(PLAYS, f"Halo,2024-03-31,{text}")
        yield page.rows(table(6, seed=8)).case(f"plays that are {name}")
    page = sheet().rows(table(6))
    for text in ("-5", " -1 ", "-9223372036854775808", "\u22125"):
        page.misread(PLAYS, "Halo", "2024-03-31", text)
    yield page.case("plays that are negative")


def _decimals() -> Iterator[Case]:
    for behind in (".0", ".00", ".0000"):
        page = filled(number=lambda plays, behind=behind: f"{plays}{behind}")
        yield page.misread(PLAYS, "Halo", "2024-03-31", "").case(f"all numbers end in {behind}")
    page = filled(table(24, most=250_000), number=lambda plays: f"{plays}.0").misread(PLAYS, "Halo", "2024-01-01", "")
    yield page.case("floats of pandas, some above 1000 and one missing")
    page = filled(number=lambda plays: f"{plays},0").misread(PLAYS, "Halo", "2024-03-31", "7,5")
    yield page.case("all numbers end in a comma and a zero, quoted")
    page = filled(delimiter=";", number=lambda plays: f"{plays},00").misread(PLAYS, "Halo", "2024-03-31", "7,5")
    yield page.case("all numbers end in a comma and two zeros, between semicolons")
    page = filled()
    for text in ("1.000", "200.000", "0.000"):
        page.misread(PLAYS, "Halo", "2024-03-31", text)
    yield page.case("three zeros behind a point, which may be thousands")


def _thousands() -> Iterator[Case]:
    for name, mark, form in (
        ("commas, quoted", ",", {}),
        ("commas between tabs", ",", {"delimiter": "\t"}),
        ("commas between semicolons", ",", {"delimiter": ";"}),
        ("points", ".", {}),
        ("points between semicolons", ".", {"delimiter": ";"}),
        ("apostrophes", "'", {"delimiter": ";"}),
        ("curly apostrophes", "’", {}),
        ("blanks", " ", {"delimiter": ";"}),
        ("no-break blanks", "\u00a0", {"delimiter": ";"}),
        ("narrow no-break blanks", "\u202f", {"delimiter": ";"}),
    ):
        page = filled(MILLIONS, number=grouped(mark), **form).misread(PLAYS, "Halo", "2024-01-01", f"12{mark}34")
        yield page.case(f"thousands with {name}", _without_thousands(page))
    page = filled(table(24, most=90_000), number=grouped(".", ",0"), delimiter=";")
    yield page.case("thousands with points, and a comma and a zero behind")
    page = filled(table(24, most=90_000), number=grouped(",", ".00"), quoted=always)
    yield page.case("thousands with commas, and a point and two zeros behind")
    page = filled(table(24, most=90_000), number=grouped("\u00a0"), delimiter=";", encoding="cp1252")
    yield page.case("thousands with no-break blanks in Windows-1252")
    yield filled(table(24, most=90_000), number=grouped(",")).case("thousands with commas, quoted, below a million")
    page = filled(MILLIONS, number=grouped(",")).misread(PLAYS, "Halo", "2024-01-01", "-1,234")
    for text in ("1,23", "1,2345", ",123", "1,,234", "1234,567", "1,234,", "1,234.5", "1.234"):
        page.misread(PLAYS, "Halo", "2024-01-01", text)
    yield page.case("wrong groups beside right ones", _without_thousands(page))


def _without_thousands(page: Sheet) -> Answer:
    """The weaker answer where the mark was not recognised."""
    return page.answer().without(*(row.line for row in page.good if row.plays >= 1000))


def _thousands_in_doubt() -> Iterator[Case]:
    for name, mark, form in (
        ("a point", ".", {}),
        ("a point between semicolons", ".", {"delimiter": ";"}),
        ("a comma between semicolons", ",", {"delimiter": ";"}),
    ):
        page = filled(table(12), **form)
        for text in ("1{}234", "12{}500", "999{}999"):
            page.misread(PLAYS, "Halo", "2024-01-01", text.format(mark))
        yield page.case(f"{name} that may stand for thousands or decimals")
    page = filled(table(24, most=900))
    for plays in (1234, 56_789, 1_234_567):
        page.misread(PLAYS, "Halo", "2024-01-01", f"{plays:,}").row("One", DAY, plays)
    yield page.case("numbers with and without commas for thousands in one file")
    page = filled(MILLIONS[:3], number=grouped(",")).misread(PLAYS, "Halo", "2024-01-01", "1.234.567")
    yield page.case("thousands with commas, and one number with points", _without_thousands(page))
    page = filled(table(12))
    for text in ("12,34,567", "1,00,000", "10,00,000"):
        page.misread(PLAYS, "Halo", "2024-01-01", text)
    yield page.case("lakhs and crores")
    page = filled(table(songs=LONG) * 400)
    for text in ("1,234", "2,345,678"):
        page.misread(PLAYS, "Halo", "2024-01-01", text)
    yield page.case("commas for thousands first after 2 MB")
    page = filled(table(12)).misread(PLAYS, "Halo", "2024-01-01", "1.234").misread(PLAYS, "Halo", "2024-01-01", "2.5")
    yield page.case("decimals beside a number that may have thousands")


def _large() -> Iterator[Case]:
    yield sheet().row("Hit", DAY, MOST).row("Hit", DAY, 0).case("the largest number of plays")
    yield sheet().rows([("Hit", DAY, MOST)] * 5).rows(table(5)).case("a sum past 2^63")
    yield sheet().rows([("Hit", DAY, MOST)] * 60).rows([("One", DAY, MOST)] * 3).case("sums past 2^68")
    page = sheet().row("Hit", DAY, MOST).rows(table(5))
    for text in (str(MOST + 1), str(1 << 64), "9" * 30, "1" + "0" * 5000):
        page.misread(PLAYS, "Hit", "2024-03-31", text)
    yield page.case("numbers past 2^63")
    page = sheet().row("Hit", DAY, 5, "Hit,2024-03-31," + "0" * 5000 + "5").rows(table(5))
    yield page.case("five thousand zeros before a five")


def _corrections() -> Iterator[Case]:
    page = filled().row("Umbrella", DAY, -3).row("Returned", DAY, -20).row("Halo", DAY, -MOST).row("Even", DAY, 5)
    page.row("Even", DAY, -5).misread(PLAYS, "Halo", "2024-01-01", "(5)").misread(PLAYS, "Halo", "2024-01-01", "5-")
    yield page.case("negative plays are corrections, as the caller says", flags=("--corrections", "allow"))
    page = filled(number=lambda plays: f"{plays}.0").row("Halo", DAY, -7)
    yield page.case("negative floats are corrections, as the caller says", flags=("--corrections", "allow"))


def _told() -> Iterator[Case]:
    rows = table(12, most=9_000)
    for word, mark in {"comma": ",", "point": ".", "apostrophe": "'", "blank": " "}.items():
        page = filled(rows, number=grouped(mark), delimiter=";")
        yield page.case(f"what separates thousands, as the caller says: {word}", flags=("--thousands", word))
    page = Sheet(delimiter=";").header().rows(table(3))
    for plays in (1_234_567, 2_345_678):
        page.misread(PLAYS, "Halo", "2024-01-01", f"{plays:,}")
    yield page.case("nothing separates thousands, as the caller says", flags=("--thousands", "none"))
