"""Where the table is and what its columns are: headers, preambles, footers, ragged rows, second tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import count

from tests.corpus.cases import ANY, DATE, PLAYS, REFUSED, ROW, SONG, Answer, Case
from tests.corpus.sheets import Sheet, filled, like, sheet, table

DAY = date(2024, 3, 31)
NAMES = {
    "capitals": ("SONG", "DATE", "NUMBER OF PLAYS"),
    "snake case": ("song", "play_date", "play_count"),
    "capitals and underscores": ("SONG", "DATE", "NUMBER_OF_PLAYS"),
    "cells of two lines": ("Song", "Date", "Number\nof Plays"),
    "blanks around": (" Song ", " Date", "Number of Plays "),
    "no-break blanks": ("Song", "Date", "Number\u00a0of\u00a0Plays"),
    "other English words": ("Title", "Day", "Streams"),
    "short English words": ("Track", "Date", "Plays"),
    "English words of a report": ("Song", "Date", "Play Count"),
    "German": ("Titel", "Datum", "Wiedergaben"),
    "German, other words": ("Lied", "Datum", "Anzahl"),
    "French": ("Titre", "Jour", "Écoutes"),
    "French, other words": ("Chanson", "Date", "Écoutes"),
    "Spanish": ("Canción", "Fecha", "Reproducciones"),
    "Spanish, other words": ("Canción", "Día", "Reproducciones"),
    "Italian": ("Canzone", "Data", "Riproduzioni"),
    "Portuguese": ("Música", "Data", "Reproduções"),
}
ORDERS: dict[str, Callable[[str, str, str], list[str]]] = {
    "song, plays, date": lambda song, day, plays: [song, plays, day],
    "date, song, plays": lambda song, day, plays: [day, song, plays],
    "date, plays, song": lambda song, day, plays: [day, plays, song],
    "plays, song, date": lambda song, day, plays: [plays, song, day],
    "plays, date, song": lambda song, day, plays: [plays, day, song],
}


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    for name, names in NAMES.items():
        also = (REFUSED,) if name in ("snake case", "Italian", "Portuguese") else ()
        yield Sheet().header(*names).rows(table(9)).case(f"header in {name}", *also)
    yield from _orders()
    yield from _more_columns()
    yield from _preambles()
    yield from _two_header_rows()
    yield from _headers_again()
    yield from _ragged()
    yield from _small()
    yield from _questions()
    yield from _second_tables()
    yield from _told()


def _orders() -> Iterator[Case]:
    for name, shape in ORDERS.items():
        yield Sheet(shape=shape).header().rows(table()).case(f"columns in the order {name}")
        yield Sheet(shape=shape).rows(table()).case(f"columns in the order {name}, without header")
    songs = ("1999", "2020-01-01", "007", "Halo")
    yield Sheet().rows([("Halo", DAY, 4), *table(12, songs)]).case("songs like numbers and days, without header")


def _more_columns() -> Iterator[Case]:
    page = Sheet(shape=lambda song, day, plays: ["x, y", plays, "", day, "5", song]).note(
        "Remark,Plays,,Date,Rank,Song"
    )
    yield page.rows(table()).case("columns that are not needed are ignored")
    for other, value in (("Song ID", "77"), ("Date Added", "2019-01-01"), ("Plays Last Year", "12"), ("Song URL", "x")):
        page = Sheet(shape=lambda *fields, value=value: [value, *fields]).note(f"{other},Song,Date,Number of Plays")
        yield page.rows(table(12)).case(f"a column {other} beside ours", REFUSED)
    page = Sheet(shape=lambda *fields: [*fields, "", "", ""]).note("Song,Date,Plays,,,").rows(table())
    yield page.case("empty columns on the right")
    page = Sheet(shape=lambda *fields: [*fields, "1", "2"]).note("Song,Date,Plays,Remark,Remark").rows(table())
    yield page.case("two columns with one name, neither of which is needed")
    page = Sheet(shape=lambda song, day, plays: [song, "2019-01-01", day, plays])
    page.note("Song,Release Date,Date,Number of Plays").rows(table())
    yield page.case("another column of dates beside the date", REFUSED)
    number = count()
    page = Sheet(shape=lambda song, day, plays: [str(next(number)), song, day, plays])
    yield page.note(",Song,Date,Number of Plays").rows(table()).case("a first column of row numbers without a name")
    page = Sheet(shape=lambda *fields: [*fields, *("0" * 40)]).note(
        ",".join(["Song,Date,Plays", *(f"Country {place}" for place in range(40))])
    )
    yield page.rows(table()).misread(PLAYS, "Halo", "2024-01-01", "x").case("forty more columns")


def _preambles() -> Iterator[Case]:
    page = Sheet().note("Plays by song and day").note("Made on 31 March 2024 for M. Müller").note().header()
    yield page.rows(table()).case("two lines of title and a blank line above the header")
    page = Sheet().note("Report,Plays").note("From,2024-01-01").note("To,2024-12-31").note("Rows,24").header()
    yield page.rows(table()).case("names and values above the header")
    page = Sheet(delimiter=";").note("Bericht ZMUSIK;;").note("Datum;31.03.2024;").note(";;")
    yield page.header().rows(table()).case("lines as wide as the table above the header")
    page = Sheet().note("# made by a script").note("# Song, Date, Plays").header().rows(table())
    yield page.case("lines that begin with # above the header")
    page = Sheet()
    for number in range(99):
        page.note(f"Note {number}")
    yield page.header().rows(table()).case("99 lines above the header")
    page = Sheet()
    for number in range(150):
        page.note(f"Note {number}")
    page.header().rows(table())
    yield page.refused("150 lines above the header", also=(page.answer(), page.answer().without(*range(1, 151))))
    page = Sheet().note('"A title', end="\n").note('of two lines"').header().rows(table())
    yield page.misread(PLAYS, "Halo", "2024-01-01", "x").case("a quoted title of two lines above the header")


def _two_header_rows() -> Iterator[Case]:
    for name, above, names, below in (
        ("group titles above the header", "Item,When,Count", "Song,Date,Number of Plays", None),
        ("sparse group titles above the header", "Catalogue,,Usage", "Song,Date,Number of Plays", None),
        ("a row of types below the header", None, "Song,Date,Number of Plays", "text,date,number"),
        ("a row of SQL types below the header", None, "Song,Date,Plays", "VARCHAR(200),DATE,BIGINT"),
        ("a row of units below the header", None, "Song,Date,Plays", ",day,count"),
        ("names split over two rows", ",,Number", "Song,Date,of Plays", None),
        ("a row of dashes below the header", None, "Song,Date,Plays", "----,----,-----"),
    ):
        page = Sheet()
        for line in (above, names, below):
            page = page if line is None else page.note(line)
        page.rows(table())
        yield page.case(name, *([page.answer().without(2)] if below else []))


def _headers_again() -> Iterator[Case]:
    page = sheet()
    for number, row in enumerate(table(40)):
        page = page.header() if number % 10 == 9 else page
        page.row(*row)
    yield page.case("the header again after each ten rows")
    page = filled(end="\r\n", delimiter=";").header().rows(table(seed=8)).misread(PLAYS, "Halo", "2024-01-01", "x")
    yield page.case("two exports one behind the other, each with its header")
    page = sheet().rows(table(5)).note("song,date,number of plays").rows(table(5, seed=8))
    yield page.case("the header again in small letters", page.answer().without(7))
    page = sheet().rows(table(5)).row("Song", DAY, 3).row("Date", DAY, 4).row("Number of Plays", DAY, 5)
    yield page.case("songs called Song, Date and Number of Plays")


def _ragged() -> Iterator[Case]:
    page = sheet().rows(table(5)).bad(ROW, "Halo,2024-01-01").bad(ROW, "Hello, Goodbye,2024-01-01,5")
    page.bad(ROW, "Halo").bad(ROW, "Halo,2024-01-01,5,").rows(table(5, seed=8))
    yield page.case("rows that are too short or too long")
    page = sheet().rows(table(5)).bad(ROW, "# a remark").rows(table(5, seed=8)).bad(ROW, "# the end")
    yield page.case("lines that begin with # among the rows")
    for name, line, column in _FOOTERS:
        yield filled().bad(column, line).case(f"a last line that is a total: {name}")
    page = filled().note().note().bad(ROW, "Total rows: 24").bad(ROW, "Made by Reporter 3.1 on 2024-04-01")
    yield page.case("two lines about the file below the rows")
    page = sheet()
    for seed, month in enumerate(("January", "February", "March")):
        page.rows(table(5, seed=seed)).bad(ANY, f"Subtotal {month},,1234")
    yield page.bad(ANY, "Grand Total,,3702").case("subtotals between the rows")
    page = sheet().rows(table(5)).bad(ANY, "Subtotal,2024-12-31,1597").rows(table(5, seed=8))
    counted = page.answer().with_row("Subtotal", date(2024, 12, 31), 1597)
    yield page.case("a subtotal with a day between the rows", counted)
    page = sheet().bad(ANY, "Total,2024-12-31,9000").rows(table(8))
    yield page.case("a total with a day above the rows", page.answer().with_row("Total", date(2024, 12, 31), 9000))
    page = filled().bad(ANY, "Total,2024-12-31,9000").note().bad(ROW, "Made by Reporter 3.1").note().bad(ROW, "Page 1")
    yield page.case("a total with a day, and notes below it")
    page = filled().bad(ANY, "Total January,2024-01-31,5").bad(ANY, "Total,2024-12-31,9000")
    yield page.case("two totals with days at the end", page.answer().with_row("Total January", date(2024, 1, 31), 5))
    songs = ("Total Eclipse of the Heart", "Sum 41", "Totally", "Summertime", "Gesamtkunstwerk")
    yield filled(table(20, songs)).case("songs whose names begin like Total")
    page = sheet().rows(table(8)).row("Total", DAY, 5).row("Total", DAY, 6).rows(table(8, seed=8))
    rows = [row.line for row in page.good if row.song == "Total"]
    yield page.case("a song called Total in the middle of the file", page.answer().without(*rows))


_FOOTERS = (
    ("without a day", "Total,,9000", ANY),
    ("with a day", "Total,2024-12-31,9000", ANY),
    ("Grand Total", "Grand Total,2024-12-31,9000", ANY),
    ("Sum", "Sum,2024-12-31,9000", ANY),
    ("in capitals with a colon", "TOTAL:,2024-12-31,9000", ANY),
    ("Summe", "Summe,2024-12-31,9000", ANY),
    ("Gesamt", "Gesamt,2024-12-31,9000", ANY),
    ("Totale", "Totale,2024-12-31,9000", ANY),
    ("of one field", "Total: 9000", ROW),
)


def _small() -> Iterator[Case]:
    yield filled(table(1)).case("one row")
    yield filled(table(5) * 3).case("the same rows three times count three times")
    yield Sheet().rows(table(1)).case("one row without header")
    yield Sheet().rows(table(1)).case("one row without header or line end", cut=1)
    yield sheet().refused("a header only", "no_rows")
    yield sheet().note().note().refused("a header and blank lines", "no_rows")
    page = sheet().misread(PLAYS, "Halo", "2024-03-31", "x").misread(PLAYS, "Halo", "2024-03-31", "")
    yield page.case("no row can be read for its number", REFUSED)


def _questions() -> Iterator[Case]:
    for missing, kept in ((SONG, (1, 2)), (DATE, (0, 2)), (PLAYS, (0, 1))):
        names = [(SONG, DATE, PLAYS)[place] for place in kept]
        page = Sheet(shape=lambda *fields, kept=kept: ["x", *(fields[place] for place in kept), "y"])
        page.note(",".join(["Remark", *names, "Label"])).rows(table())
        yield page.refused(f"a header without {missing}", "columns_missing", line=1)
    for name, header, twice in (
        ("two for the song", "Title,Track,Date,Plays", (0, 0, 1, 2)),
        ("two for the date", "Song,Datum,Fecha,Plays", (0, 1, 1, 2)),
        ("two for the plays", "Song,Date,Plays,Streams", (0, 1, 2, 2)),
        ("the same name twice", "Song,Date,Plays,Plays", (0, 1, 2, 2)),
    ):
        page = Sheet(shape=lambda *fields, twice=twice: [fields[place] for place in twice]).note(header)
        yield page.rows(table(9)).refused(f"a header that names {name}", "columns_ambiguous", line=1)
    page = Sheet(shape=lambda *fields: [*fields, "5"]).rows(table())
    yield page.refused("no header and two columns of numbers", "columns_unclear")
    page = Sheet(shape=lambda *fields: [*fields, "Rihanna"]).rows(table())
    yield page.refused("no header and two columns of words", "columns_unclear")
    page = Sheet(shape=lambda *fields: [*fields, "2019-01-01"]).rows(table())
    yield page.refused("no header and two columns of days", "columns_unclear")
    page = Sheet(shape=lambda song, day, plays: [song, plays]).rows(table())
    yield page.refused("no header and no column of days")
    page = Sheet().note("Song,2024-01-01,2024-01-02,2024-01-03").note("Halo,5,6,7").note("One,8,9,10")
    yield page.refused("a column for each day")
    page = Sheet().note("Song,Year,Month,Day,Plays").bad(ANY, "Halo,2024,3,31,5").bad(ANY, "One,2024,4,1,6")
    yield page.refused("year, month and day in columns of their own", also=(page.answer(),))
    yield Sheet().note("name;price").note("bread;3.20").note("milk;1.10").refused("a table of something else")
    yield Sheet().note("Dear Sir or Madam,").note("please find attached the plays.").refused("a letter")


def _second_tables() -> Iterator[Case]:
    page = filled().note().bad(ROW, "Country,Share").bad(ROW, "DE,40").bad(ROW, "FR,60")
    yield page.case("a second table of other columns below")
    page = filled().bad(ANY, "Date,Song,Number of Plays").bad(ANY, "2024-01-01,Halo,5")
    name = "a second header with the columns in another order"
    yield page.refused(name, "two_tables", line=26, also=(page.answer(),))
    page = filled().note().bad(ROW, "Song,Date,Artist,Number of Plays").bad(ROW, "Halo,2024-01-01,Beyoncé,5")
    yield page.refused("a second header with a column more", "two_tables", line=27, also=(page.answer(),))
    for name, first, second in (
        ("two numbers", (0, 1, 2, 3), (0, 1, 3, 2)),
        ("two words", (0, 4, 1, 2), (4, 0, 1, 2)),
        ("two days", (0, 1, 2, 5), (0, 5, 2, 1)),
    ):
        page = Sheet()
        for places in (first, second):
            names = (SONG, DATE, PLAYS, "Downloads", "Artist", "Released")
            page.note(",".join(names[place] for place in places))
            page.shape = lambda *row, places=places: [(*row, "3", "Beyoncé", "2019-01-01")[place] for place in places]
            page.rows(table(12))
        yield page.refused(f"a second header in which {name} have changed places", "two_tables", line=14)
    page = filled()
    for song, day, plays in table(9, seed=8):
        page.bad(ANY, f"{day},{song},{plays}")
    yield page.case("song and date change places in the second half")
    page = Sheet(day=like("%Y%m%d")).header().rows(table())
    for song, day, plays in table(5, ("Halo", "One"), seed=8):
        page.bad(ANY, f"{song},{plays},{day:%Y%m%d}")
    yield page.case("date and plays change places in the second half, both whole numbers")
    page = filled()
    for song, day, plays in table(9, seed=8):
        page.bad(ROW, f"{song},Beyoncé,{day},{plays}")
    yield page.case("the second half has a column more")


def _told() -> Iterator[Case]:
    page = Sheet(shape=lambda song, day, plays: ["x", plays, song, "5", day]).note("A,B,C,D,E").rows(table())
    columns = ("--song-column", "C", "--date-column", "E", "--plays-column", "B")
    yield page.case("strange names, and the caller says which is which", flags=columns)
    numbers = ("--song-column", "3", "--date-column", "5", "--plays-column", "2", "--header-line", "1")
    yield page.case("strange names, and the caller says which by number", flags=numbers)
    page = Sheet(shape=lambda *fields: [*fields, "5"]).rows(table())
    numbers = ("--song-column", "1", "--date-column", "2", "--plays-column", "3", "--header-line", "none")
    yield page.case("no header, and the caller says which is which", flags=numbers)
    page = Sheet().note("Song,Date,Plays of last year").note("x,y,z").header().rows(table())
    yield page.case("the caller says which line is the header", flags=("--header-line", "3"))
    page = Sheet().bad(ANY, "Song,Date,Number of Plays").rows(table())
    flags = ("--header-line", "none")
    yield page.case("the caller says that there is no header", Answer(tuple(page.good)), flags=flags)
