"""Days in the manners of the world: one manner a file, decided by the file alone or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.corpus.cases import DATE, REFUSED, Case
from tests.corpus.sheets import LONG, PLAIN, Sheet, filled, like, sheet, table

DAY = date(2024, 3, 31)
GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
# As the patterns of strftime.
STYLES = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYY.MM.DD": "%Y.%m.%d",
    "YYYYMMDD": "%Y%m%d",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD-MM-YYYY": "%d-%m-%Y",
    "MM-DD-YYYY": "%m-%d-%Y",
    "D/M/YYYY": "%-d/%-m/%Y",
    "M/D/YYYY": "%-m/%-d/%Y",
    "D.M.YYYY": "%-d.%-m.%Y",
    "D-M-YYYY": "%-d-%-m-%Y",
    "YYYY/M/D": "%Y/%-m/%-d",
    "31 March 2024": "%-d %B %Y",
    "Mar 31, 2024": "%b %d, %Y",
    "March 31, 2024": "%B %-d, %Y",
    "31-Mar-2024": "%d-%b-%Y",
}
# Days that either order can read: the 1st to 12th of a month, never the same number twice.
EITHER = [(song, date(2024, 1 + n % 12, 1 + (n * 5 + 3) % 12), n) for n, song in enumerate(PLAIN * 3, start=1)]


def _words(months: str, pattern: str) -> Callable[[date], str]:
    return lambda day: pattern.format(day=day.day, month=months.split()[day.month - 1], year=day.year)


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    for name, pattern in STYLES.items():
        page = filled(day=like(pattern)).misread(DATE, "Halo", "soon", "5")
        yield page.case(f"days like {name}")
        if name not in ("YYYY-MM-DD", "YYYYMMDD"):
            continue
        yield Sheet(day=like(pattern)).rows(table(9)).case(f"days like {name}, without header")
    yield from _months()
    yield from _times()
    yield from _undecided()
    yield from _decided_late()
    yield from _contradictions()
    yield from _mixed()
    yield from _no_days()
    yield from _calendar()
    yield from _told()


def _months() -> Iterator[Case]:
    for name, months, pattern in (
        ("German", GERMAN, "{day}. {month} {year}"),
        ("French", FRENCH, "{day} {month} {year}"),
        ("Spanish", SPANISH, "{day} de {month} de {year}"),
    ):
        page = filled(table(40), day=_words(months, pattern)).misread(DATE, "Halo", "31. Hornung 2024", "5")
        yield page.case(f"months with {name} names")
    page = filled(day=_words(FRENCH, "{day} {month} {year}"), encoding="cp1252", delimiter=";")
    yield page.case("months with French names in Windows-1252")


def _times() -> Iterator[Case]:
    for name, behind in {
        "a time": " 23:59:59",
        "T and a time in UTC": "T23:59:59Z",
        "T, a time and an offset": "T23:30:00+02:00",
        "a time of midnight": " 00:00:00",
        "a time with fractions of a second": " 12:30:15.123456",
    }.items():
        page = filled(day=lambda day, behind=behind: f"{day}{behind}")
        yield page.misread(DATE, "Halo", "2024-02-30" + behind, "5").case(f"{name} behind each day is cut off")
    page = sheet(day=lambda day: f"{day} 00:00:00").rows(table(5)).row("Halo", DAY, 3, "Halo,2024-03-31,3")
    for text in ("2024-03-31 25:00:00", "2024-03-31 12:61", "2024-03-31x", "2024-03-31 soon", "12:00"):
        page.misread(DATE, "Halo", text, "5")
    yield page.case("times that there are not, and days without a time")
    page = filled(day=like("%-m/%-d/%Y 0:00"))
    yield page.case("days like M/D/YYYY 0:00", page.answer().nothing_read(), REFUSED)


def _undecided() -> Iterator[Case]:
    for name, pattern in (("slashes", "%d/%m/%Y"), ("dashes", "%d-%m-%Y"), ("slashes, one digit", "%-d/%-m/%Y")):
        yield filled(EITHER, day=like(pattern)).refused(f"no day above 12, with {name}", "dates_ambiguous")
    same = [(song, date(2024, number, number), 5) for number, song in enumerate(PLAIN, start=1)]
    page = filled(same, day=like("%d/%m/%Y"))
    yield page.refused("days that both orders read alike", "dates_ambiguous", also=(page.answer(),))
    page = filled(EITHER, day=like("%d/%m/%Y")).misread(DATE, "Halo", "31/31/2024", "5")
    yield page.refused("no day above 12 but one that there is in no order", "dates_ambiguous")
    yield filled(EITHER, day=like("%d.%m.%Y")).case("no day above 12, with dots, which mean day first")
    page = filled(EITHER, day=like("%d/%m/%Y"), delimiter=";", end="\r\n")
    yield page.refused("no day above 12, semicolons and CRLF", "dates_ambiguous")


def _decided_late() -> Iterator[Case]:
    rows = [(song, day, plays) for song in LONG for _, day, plays in EITHER] * 80
    page = filled(rows, day=like("%m/%d/%Y")).row("Halo", DAY, 3).rows(EITHER)
    yield page.case("that the month comes first is decided only after 3 MB")
    page = filled(EITHER, day=like("%d/%m/%Y")).row("Halo", date(2024, 12, 13), 1)
    yield page.case("that the day comes first is decided in the last row")


def _contradictions() -> Iterator[Case]:
    for name, mark in (("slashes", "/"), ("dashes", "-"), ("dots", ".")):
        page = filled(EITHER, day=like(f"%d{mark}%m{mark}%Y")).row("Halo", date(2024, 1, 13), 3)
        page.note(f"Halo,01{mark}14{mark}2024,4")
        yield page.refused(f"days above 12 in both places, with {name}", "dates_contradict")
    rows = [(song, day, plays) for song in LONG for _, day, plays in EITHER] * 60
    page = filled(day=like("%d/%m/%Y")).rows(rows).note("Halo,01/14/2024,4").rows(EITHER)
    yield page.refused("days above 12 in both places, the second one after 2 MB", "dates_contradict")
    page = filled(table(), day=like("%m.%d.%Y"))
    yield page.case("days with dots that show that the month comes first", REFUSED)


def _mixed() -> Iterator[Case]:
    page = sheet()
    for number, row in enumerate(table(30)):
        page.row(*row)
        if number % 6 == 0:
            for text in ("31/03/2024", "31.03.2024", "20240331", "31 March 2024", "03/31/2024"):
                page.misread(DATE, "Halo", text, "5")
    yield page.case("a few days in other styles")
    page = (
        filled(day=like("%d.%m.%Y")).misread(DATE, "Halo", "2024-03-31", "5").misread(DATE, "Halo", "31/03/2024", "1")
    )
    yield page.case("two days in other styles than with dots")
    page = filled(table(30))
    for text in ("2024-3-31", "2024-03-1", "24-03-31", "02024-03-31", "2024-03-031"):
        page.misread(DATE, "Halo", text, "5")
    yield page.case("ISO days with too few or too many digits")


def _no_days() -> Iterator[Case]:
    page = filled(table(30))
    texts = ("", "-", "N/A", "null", "yesterday", "45382", "1711843200", "March 2024", "2024-Q1", "2024-W13-7", "2024")
    for text in (
        *texts,
        "0000-00-00",
        "٢٠٢٤-٠٣-٣١",
        "２０２４-０３-３１",
        "2024−03−31",
        "2024-03-31-",
        "#VALUE!",
        "24-03",
    ):
        page.misread(DATE, "Halo", text, "5")
    yield page.case("what is no day")
    page = Sheet(day=lambda day: str((day - date(1899, 12, 30)).days)).header().rows(table())
    yield page.refused("days as a spreadsheet counts them", also=(page.answer().nothing_read(),))
    page = filled(day=like("%d/%m/%y"))
    yield page.refused("years of two digits", also=(page.answer().nothing_read(),))
    page = filled(day=like("%Y-%m"))
    yield page.refused("months without days", also=(page.answer().nothing_read(),))
    page = filled(day=like("%Y-W%V-%u"))
    yield page.refused("days of calendar weeks", also=(page.answer().nothing_read(),))


def _calendar() -> Iterator[Case]:
    page = sheet().row("Leap", date(2024, 2, 29), 5).row("Leap", date(2000, 2, 29), 6)
    texts = ("2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00")
    for text in (*texts, "0000-01-01", "2024-01-32"):
        page.misread(DATE, "Leap", text, "5")
    yield page.rows(table(9)).case("days that there are not")
    page = filled(day=like("%d.%m.%Y"))
    for text in ("31.02.2024", "29.02.2023", "31.04.2024", "00.01.2024", "32.01.2024"):
        page.misread(DATE, "Halo", text, "5")
    yield page.case("days that there are not, with dots", REFUSED)
    page = filled([("Old", date(1, 1, 1), 5), ("New", date(9999, 12, 31), 6), ("Before", date(1969, 12, 31), 7)])
    yield page.rows(table(5)).case("the first and the last day that can be written")
    rows = [("Halo", date(1999, 12, 25) + timedelta(number), 1) for number in range(60)]
    yield filled(rows, day=like("%m/%d/%Y")).case("sixty days in a row around the year 2000")
    page = sheet().row("Halo", DAY, 1, "Halo, 2024-03-31 ,1").row("Halo", DAY, 2, 'Halo,"2024-03-31",2')
    yield page.row("Halo", DAY, 4, 'Halo," 2024-03-31 ",4').rows(table(4)).case("days in blanks and quotes")


def _told() -> Iterator[Case]:
    for style, pattern in (("DD/MM/YYYY", "%d/%m/%Y"), ("MM/DD/YYYY", "%m/%d/%Y"), ("MM.DD.YYYY", "%m.%d.%Y")):
        page = filled(EITHER, day=like(pattern))
        yield page.case(f"no day above 12, and the caller says {style}", flags=("--date-style", style))
    page = (
        filled(EITHER, day=like("%d/%m/%Y")).row("Halo", date(2024, 1, 13), 3).misread(DATE, "Halo", "01/14/2024", "4")
    )
    yield page.case("days above 12 in both places, and the caller says", flags=("--date-style", "DD/MM/YYYY"))
