"""Where a record ends: LF, CRLF, CR and their mixtures, blank lines, line ends within quotes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle

from tests.corpus.cases import ANY, DATE, PLAYS, REFUSED, ROW, SONG, Answer, Case
from tests.corpus.sheets import Sheet, filled, sheet, table

DAY = date(2024, 3, 31)
ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _pure()
    yield from _mixed()
    yield from _blank_lines()
    yield from _quoted_line_ends()
    yield from _left_out()
    yield from _odd_characters()


def _pure() -> Iterator[Case]:
    for name, end in ENDS.items():
        yield filled(end=end).case(f"lines end in {name}")
        yield filled(end=end).case(f"lines end in {name}, the last one in nothing", cut=len(end))
        yield Sheet(end=end).rows(table(6)).case(f"lines end in {name}, without header")


def _mixed() -> Iterator[Case]:
    page = sheet(end="\r\n")
    for row, end in zip(table(), cycle(["\n", "\r\n"]), strict=False):
        page.row(*row, end=end)
    yield page.case("lines end in LF and CRLF in turn")
    page = sheet()
    for row, end in zip(table(), cycle(ENDS.values()), strict=False):
        page.row(*row, end=end)
    yield page.case("lines end in LF, CRLF and CR in turn")
    page = Sheet().header()
    page.end = "\r\n"
    yield page.rows(table()).case("header ends in LF and the rows in CRLF")
    page = filled(end="\r\n")
    page.end = "\n"
    yield page.rows(table(seed=8)).case("a CRLF file with an LF file behind it")
    page = filled(end="\r")
    page.end = "\r\n"
    yield page.rows(table(seed=8)).misread(DATE, "Halo", "soon", "1").case("a CR file with a CRLF file behind it")


def _blank_lines() -> Iterator[Case]:
    for name, end in ENDS.items():
        page = sheet(end=end).note().rows(table(5)).note().note().rows(table(5, seed=8)).note().note().note()
        yield page.case(f"blank lines in the middle and at the end, {name}")
    page = Sheet().note().note().note().header().rows(table()).misread(PLAYS, "Halo", "2024-01-01", "x")
    yield page.case("blank lines before the header")
    yield filled(end="\r\r\n").misread(PLAYS, "Halo", "2024-01-01", "x").case("each CRLF became CR CR LF on its way")
    yield filled(end="\n\r").misread(PLAYS, "Halo", "2024-01-01", "x").case("lines end in LF CR, the wrong way round")
    page = sheet().rows(table(5)).bad(ANY, "   ").rows(table(5, seed=8))
    yield page.case("a line of blanks only", Answer(tuple(page.good)))
    page = sheet(delimiter=";").rows(table(5)).bad(SONG, ";;").bad(SONG, ";;")
    yield page.case("rows without any value, as spreadsheets write them")


def _quoted_line_ends() -> Iterator[Case]:
    for name, end in ENDS.items():
        for inner_name, inner in ENDS.items():
            page = sheet(end=end).row(f"Two{inner}Lines", DAY, 5).rows(table(4)).row(f"Two{inner}Lines", DAY, 6)
            page.row(f"Three{inner}{inner}Lines", DAY, 9).misread(PLAYS, f"Bad{inner}One", "2024-01-01", "x")
            yield page.rows(table(4, seed=8)).case(f"{inner_name} in quoted songs of an {name} file")
    page = sheet().row("\n", DAY, 1).row("ends with one\n", DAY, 2).row("\nbegins with one", DAY, 4)
    yield page.row("\r\n", DAY, 8).row("\r", DAY, 16).case("songs of line ends alone, each kind another song")
    page = sheet().row('say "hi\nthere", twice', DAY, 3).row('"\n"', DAY, 5).rows(table(5))
    yield page.case("quotes and line ends in one song")
    page = sheet().rows(table(5)).row("Last", DAY, 3, '"Last",2024-03-31,"3"')
    yield page.case("the file ends with a quote", cut=1)
    page = sheet().row("2024-01-01,5\nHalo,2024-01-02,6\nHalo", DAY, 3).rows(table(5))
    yield page.case("a quoted song whose lines look like rows")


def _left_out() -> Iterator[Case]:
    page = sheet(end="\r")
    for number, row in enumerate(table()):
        page.row(*row)
        if number % 5 == 0:
            page.note().misread(PLAYS, "Halo", "2024-01-01", "many").misread(DATE, "Halo", "2024-02-30", "1")
    yield page.case("bad rows and blank lines in a CR file keep their line numbers")
    page = sheet()
    for row, end in zip(table(30), cycle(ENDS.values()), strict=False):
        page.row(*row, end=end).bad(ROW, "Halo,2024-01-01", end)
    yield page.case("bad rows in a file of mixed line ends keep their line numbers")
    page = sheet(end="\r\n").row("a\r\nb\r\nc", DAY, 1).bad(DATE, '"x\r\ny\r\nz",2024-13-01,1').rows(table(4))
    yield page.bad(ROW, "just words").case("bad rows behind songs of three lines keep their line numbers")
    page = filled().bad(ROW, "\x1a", "")
    yield page.case("the end-of-file character of DOS at the end")


def _odd_characters() -> Iterator[Case]:
    songs = ("a\x0bb", "a\x0cb", "a\x1cb", "a\x1db", "a\x1eb", "a\x85b", "a\u2028b", "a\u2029b")
    page = sheet().rows(table(16, songs)).misread(PLAYS, "a\u2028b", "2024-01-01", "x").rows(table(8, songs, seed=8))
    yield page.case("vertical tabs, form feeds and line separators of Unicode end no line")
    page = sheet(end="\u2028").rows(table(5))
    yield page.refused("line separators of Unicode are the only line ends", also=(REFUSED,))
