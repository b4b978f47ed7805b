"""What is sent by accident or in anger: zeros, monsters, unclosed quotes, nothing at all, songs that mean harm."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

from tests.corpus.cases import ANY, PLAYS, REFUSED, ROW, SONG, Case, Refused
from tests.corpus.sheets import LONG, WESTERN, Sheet, filled, never, sheet, table

DAY = date(2024, 3, 31)
EMPTY = Refused.by("empty_file")
TEN_MB = 10_000_000


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _zeros()
    yield from _unclosed()
    yield from _monsters()
    yield from _nothing()
    yield from _not_text()
    yield from _songs_that_look_like_something()
    yield from _songs_that_mean_harm()
    yield from _many()
    yield from _quotes()


def _zeros() -> Iterator[Case]:
    page = (
        filled().bad(ANY, "Ha\0lo,2024-03-31,5").bad(ANY, "Halo,2024-03-31,\x005").bad(ANY, "Halo,\0,5").rows(table(5))
    )
    yield page.case("zero bytes in songs, days and plays")
    page = Sheet(shape=lambda *fields: [*fields, "x"]).note("Song,Date,Plays,Remark").rows(table())
    page.bad(ANY, "Halo,2024-03-31,5,\0")
    yield page.case("a zero byte in a column that is not needed", page.answer().with_row("Halo", DAY, 5))
    page = filled().bad(ANY, "\0" * 600).rows(table(4))
    yield page.case("a hole of zero bytes, as after a crash")
    page = filled(table(60)).bad(ANY, "\0" * 70_000, end="")
    yield page.case("zero bytes up to the end of the file", REFUSED)
    page = sheet().bad(ANY, "\0,2024-03-31,5").rows(table(4))
    yield page.case("a zero byte in the first row", REFUSED)


def _unclosed() -> Iterator[Case]:
    for name, line in (
        ("in a song", '"Halo,2024-03-31,5'),
        ("in the last column", 'Halo,2024-03-31,"5'),
        ("behind a quoted song", '"Halo","2024-03-31,5'),
    ):
        page = filled().bad(ROW, line).rows(table(12, seed=8))
        yield page.case(f"a quote {name} that is never closed")
    page = filled().bad(ROW, '"Halo,2024-03-31,5').rows(table(5)).bad(ROW, '"One,2024-03-31,5').rows(table(5, seed=8))
    yield page.case("two quotes that are never closed", page.answer().without(*(row.line for row in page.good[24:29])))
    yield filled().bad(ROW, '"Halo,2024-03-31,5').case("a quote in the last row that is never closed")
    yield filled().bad(ROW, '"', end="").case("a quote as the last byte of the file")
    rows = table(songs=LONG) * 300
    page = filled(rows).bad(ROW, '"Halo,2024-03-31,5').rows(rows)
    yield page.case("a quote that is never closed in the middle of 3 MB")
    page = filled(table(4))
    for _ in range(5000):
        page.bad(ROW, '"Halo,2024-03-31,5')
    yield page.rows(table(4)).case("5,000 quotes that are never closed")
    page = sheet().bad(ROW, '"Halo,2024-03-31,5').rows(table(3))
    yield page.case("a quote that is never closed in the first row")
    page = Sheet().note('"Song,Date,Number of Plays').rows(table(12))
    yield page.refused("a quote that is never closed in the header", also=(page.answer(), page.answer().without(1)))


def _monsters() -> Iterator[Case]:
    page = filled().row("x" * TEN_MB, DAY, 5).rows(table(5)).row("x" * TEN_MB + "y", DAY, 6)
    yield page.case("two songs of 10 MB")
    page = filled().bad(ROW, "x" * TEN_MB).rows(table(5))
    yield page.case("a line of 10 MB that is no row")
    page = filled().misread(PLAYS, "Halo", "2024-03-31", "9" * 1_000_000).rows(table(5))
    yield page.case("plays of a million digits")
    page = filled().row("Two\n" * 200_000, DAY, 5).misread(PLAYS, "Halo", "2024-03-31", "x").rows(table(5))
    yield page.case("a quoted song of 200,000 lines", page.answer().without(*[26 + n for n in range(200_001)]))
    rest = [""] * 99_997
    page = Sheet(shape=lambda *fields: [*fields, *rest])
    page.note(",".join(["Song,Date,Plays", *(f"c{number}" for number in range(len(rest)))])).rows(table(5))
    yield page.misread(PLAYS, "Halo", "2024-03-31", "x").case("100,000 columns")
    page = filled().bad(ROW, "," * 200_000).rows(table(5))
    yield page.case("a line of 200,000 commas")
    yield Case("2 MB without any line end", b"x" * 2_000_000, REFUSED)
    yield filled(table(5)).note("\n" * 100_000).rows(table(4)).case("100,001 blank lines")


def _nothing() -> Iterator[Case]:
    yield Case("an empty file", b"", EMPTY)
    yield Case("blank lines only", b"\n\r\n\n\r", EMPTY)
    yield Case("a byte order mark only", b"\xef\xbb\xbf", EMPTY)
    yield Case("a byte order mark of UTF-16 only", b"\xff\xfe", EMPTY)
    yield Case("a byte order mark and blank lines", b"\xef\xbb\xbf\r\n\r\n", EMPTY)
    yield Case("blanks only", b"   \n \t \n", EMPTY, (REFUSED,))
    yield Case("one letter", b"x", REFUSED)
    yield Case("one comma", b",", REFUSED)
    yield Case("commas only", b",,\n" * 50, REFUSED)
    yield Case("quotes only", b'"' * 101, REFUSED)


def _not_text() -> Iterator[Case]:
    noise = random.Random(5).randbytes(5000)
    yield Case("random bytes", b"\x93" + noise, Refused.by("not_a_csv"), (REFUSED,))
    yield Case("zero bytes only", bytes(5000), Refused.by("not_a_csv"), (REFUSED,))
    yield Case("a program", b"\x7fELF\x02\x01\x01" + bytes(9) + noise, Refused.by("not_a_csv"), (REFUSED,))
    yield Case("random bytes with line ends and commas", noise.replace(b"\x00", b"\n,1,\n"), REFUSED)


def _songs_that_look_like_something() -> Iterator[Case]:
    songs: tuple[str, ...] = ("NA", "N/A", "null", "NULL", "None", "nan", "NaN", "-", "#N/A", "", "true", "False")
    yield filled(table(36, tuple(filter(None, songs)))).case("songs called NA, null, nan and the like")
    songs = ("1999", "007", "7", "07", "7.0", "1.0", "1e5", "1E5", "+7", "0x10", "1,000", "22", "٧")
    yield filled(table(39, songs)).case("songs that look like numbers")
    songs = ("2020-01-01", "01/02/2020", "20200101", "1. Mai 2020", "March 2024", "31.03.2024")
    yield filled(table(24, songs)).case("songs that look like days")
    songs = ("Umbrella", "umbrella", "UMBRELLA", " Umbrella", "Umbrella ", "Umbrella  ")
    yield filled(table(24, songs)).case("songs that differ in capitals and blanks only")
    songs = ("#1 Crush", "# Remark", "-- comment", "//", "%", "/* x */", "sep=;", "---")
    yield filled(table(24, songs)).case("songs that look like comments")
    page = sheet().row("Total Number of Plays for Date", DAY, 5).row("song", DAY, 6).row("rejected.csv", DAY, 7)
    yield page.rows(table(5)).case("songs that are called like our own words")
    page = Sheet().note("Song,Date,Total Number of Plays for Date").rows(table())
    yield page.case("an answer of ours, sent again", REFUSED)


def _songs_that_mean_harm() -> Iterator[Case]:
    songs: tuple[str, ...] = (
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1+1",
        "@SUM(A1)",
        '=HYPERLINK("http://x","y")',
        "\t=1",
        "\r=1",
    )
    yield filled(table(32, songs)).case("songs that are formulas of spreadsheets")
    songs = ("<script>alert(1)</script>", "'; DROP TABLE songs; --", "../../etc/passwd", "{{7*7}}", "%s%n", "$(id)")
    yield filled(table(24, songs)).case("songs that are attacks on sites and databases")
    songs = ("\x1b[2J\x1b[31mred", "a\x07b", "\x7f", "a\x08b", "\x01", "\x1f", "\x9b2J", "a\rb", "\u202egnp.exe")
    page = filled(table(36, songs)).misread(PLAYS, "Halo", "2024-03-31", "\x1b[2J")
    yield page.case("songs with control characters of terminals")
    songs = tuple("a" * length for length in (1, 255, 256, 257, 4095, 4096, 4097, 65_535, 65_536, 65_537))
    yield filled(table(20, songs)).case("songs as long as buffers are")
    songs = ("Z" + "\u0334" * 500, "\u200b", "\ufeff", "\u00ad", "\ufffe", "\U0010ffff", "😀" * 300)
    yield filled(table(28, songs)).case("songs that cannot be seen or do not end")


def _many() -> Iterator[Case]:
    page = sheet()
    for number, row in enumerate(table(3000)):
        page.row(*row).misread(PLAYS, "Halo", "2024-03-31", f"x{number}")
    yield page.case("3,000 bad rows, more than the report lists")
    rows = [(f"Song {number * 7919 % 20_011:05d}", date(2024, 1, 1 + number % 31), number) for number in range(20_011)]
    yield filled(rows).case("20,011 different songs")
    page = filled([("Halo", date.fromordinal(date(1950, 1, 1).toordinal() + number), 1) for number in range(30_000)])
    yield page.case("one song on 30,000 days")
    page = Sheet().note(",".join(["Song,Date,Plays"] + ["Remark"] * 500)).bad(ROW, "Halo,2024-03-31,5")
    page.shape = lambda *fields: [*fields, *["x"] * 500]
    yield page.rows(table(4)).case("one name for 500 columns that are not needed")


def _quotes() -> Iterator[Case]:
    page = filled().row('"', DAY, 1).row('""', DAY, 2).row('"""', DAY, 4).row('","', DAY, 8).row('\n","', DAY, 16)
    yield page.case("songs of quotes, commas and line ends")
    page = sheet(quoted=never).rows(table(4)).row('a"', DAY, 1).row('a"b"c', DAY, 2).row('5" of "x"', DAY, 3)
    yield page.rows(table(4)).case("quotes in the middle and at the end of songs")
    page = filled().row("Hello, Goodbye", DAY, 3).bad(ROW, '"Halo"x,2024-03-31,5').bad(ROW, '"Halo" ,2024-03-31,"5" 6')
    page.bad(ROW, '""Halo"",2024-03-31,5').bad(SONG, '"",2024-03-31,5').bad(SONG, ",2024-03-31,5")
    yield page.rows(table(4)).case("text behind a closing quote")
    page = filled(table(20, WESTERN)).row("x" + '"' * 1000 + "y", DAY, 5).rows(table(4))
    yield page.case("a song with a thousand quotes")
