"""Files as well-known programs write them, with all their habits at once."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from itertools import count

from tests.corpus.cases import ANY, DATE, PLAYS, REFUSED, ROW, SONG, Case
from tests.corpus.sheets import WESTERN, WORLD, Sheet, always, filled, grouped, like, never, sheet, table

DAY = date(2024, 3, 31)
MILLIONS = table(30, WESTERN, most=3_000_000)
UTF8_MARK = b"\xef\xbb\xbf"


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _excel()
    yield from _other_spreadsheets()
    yield from _databases()
    yield from _languages()
    yield from _reports()
    yield from _sap()
    yield from _systems()


def _excel() -> Iterator[Case]:
    german = Sheet(
        delimiter=";", end="\r\n", encoding="cp1252", day=like("%d.%m.%Y"), number=grouped("."), quoted=never
    ).header("Titel", "Datum", "Wiedergaben")
    german.rows(MILLIONS).bad(ANY, ";;").bad(ANY, "Summe;;45.678.901")
    yield german.case("Excel in German: semicolons, Windows-1252, points, a sum below")
    french = Sheet(delimiter=";", end="\r\n", encoding="cp1252", day=like("%d/%m/%Y"), number=grouped("\u00a0"))
    french.header("Titre", "Date", "Écoutes").rows(MILLIONS).misread(PLAYS, "Où va le monde", "01/04/2024", "12,5")
    yield french.case("Excel in French: semicolons, Windows-1252, no-break blanks, day first")
    spanish = Sheet(delimiter=";", end="\r\n", start=UTF8_MARK, day=like("%d/%m/%Y"), number=grouped("."))
    spanish.header("Canción", "Fecha", "Reproducciones").rows(MILLIONS).misread(PLAYS, "Mañana", "01/04/2024", "#N/D")
    yield spanish.case("Excel in Spanish, CSV UTF-8: semicolons, points, day first")
    swiss = Sheet(delimiter=";", end="\r\n", start=UTF8_MARK, day=like("%d.%m.%Y"), number=grouped("’"))
    yield swiss.header("Titel", "Datum", "Anzahl").rows(MILLIONS).case("Excel in Switzerland: apostrophes")
    american = Sheet(end="\r\n", start=UTF8_MARK, day=like("%-m/%-d/%Y"), number=grouped(","))
    american.header().rows(MILLIONS).bad(ANY, ",,").misread(PLAYS, "Halo", "4/1/2024", "#REF!")
    yield american.case("Excel in the United States: month first, commas in quotes")
    mac = Sheet(delimiter=";", end="\r", encoding="cp1252", day=like("%d.%m.%Y"))
    yield mac.header("Titel", "Datum", "Anzahl").rows(table(30, WESTERN)).case("an old Excel on a Mac: CR")
    sep = Sheet(delimiter=";", end="\r\n", start=UTF8_MARK, day=like("%d.%m.%Y"), quoted=always).note("sep=;")
    yield sep.header("Titel", "Datum", "Anzahl").rows(table(30, WORLD)).case("a site's export for Excel with sep=;")
    text = Sheet(delimiter="\t", end="\r\n", encoding="utf-16-le", start=b"\xff\xfe", day=like("%d.%m.%Y"))
    text.header("Titel", "Datum", "Anzahl").rows(table(30, WORLD)).bad(ANY, "\t\t").bad(ANY, "Gesamt\t\t12345")
    yield text.case("Excel, Unicode text, with days in German and a sum")
    saved = Sheet(end="\r\n", day=like("%-m/%-d/%y"))
    saved.header().rows(table())
    yield saved.refused("Excel saved again with years of two digits", also=(saved.answer().nothing_read(),))


def _other_spreadsheets() -> Iterator[Case]:
    page = Sheet(end="\r\n", shape=lambda *fields: [*fields, "TRUE", ""]).note("Song,Date,Number of Plays,Checked,Note")
    yield page.rows(table(30, WORLD)).case("Google Sheets: CRLF, none behind the last row, tick boxes", cut=2)
    page = filled(table(30, WORLD), quoted=lambda text, mark: text if text.isdigit() else always(text))
    yield page.case("LibreOffice with all texts quoted")
    page = Sheet(delimiter=";", end="\n", start=UTF8_MARK, day=like("%d.%m.%y %H:%M"))
    page.header("Titel", "Datum", "Anzahl").rows(table())
    yield page.refused("Numbers with years of two digits and times", also=(page.answer().nothing_read(),))


def _databases() -> Iterator[Case]:
    songs = ("AC\\DC", 'The "Real" One', "Hello, Goodbye", "Two\nLines", "Halo")
    page = Sheet(quoted=lambda text, mark: text if text.isdigit() else _mysql(text)).rows(table(30, songs))
    page.bad(PLAYS, '"Halo","2024-03-31",\\N').bad(DATE, '"Halo","0000-00-00",5')
    yield page.case("MySQL INTO OUTFILE, quoted, escaped by backslashes, \\N and day zero")
    page = Sheet(delimiter="\t", quoted=never).header("song", "day", "plays").rows(table(30))
    yield page.misread(PLAYS, "Halo", "2024-03-31", "NULL").case("mysql --batch: tabs and NULL")
    page = Sheet(delimiter="|", quoted=never).header("song", "day", "plays").rows(table(30)).bad(ROW, "(30 rows)")
    yield page.case("psql without alignment: bars and a number of rows")
    page = filled(table(30, songs), day=lambda day: f"{day} 00:00:00").misread(PLAYS, "Halo", "2024-03-31 00:00:00", "")
    yield page.case("PostgreSQL COPY: days as timestamps, empty for no value")
    page = Sheet(end="\r\n", quoted=never, day=lambda day: f"{day} 00:00:00.000").header("Song", "Date", "Plays")
    page.note("----,----,-----").rows(table(30)).note().bad(ROW, "(30 rows affected)")
    yield page.case("sqlcmd: dashes below the header and a number of rows", page.answer().without(2))
    page = Sheet(end="\r\n", quoted=always, day=like("%d-%b-%Y")).header("SONG", "DATE", "PLAYS").rows(table(30))
    yield page.case("Oracle: everything quoted, days like 31-Mar-2024")
    page = Sheet(delimiter="\x01", quoted=never).rows(table(30, WORLD)).misread(PLAYS, "Halo", "2024-03-31", "\\N")
    yield page.case("Hive: Ctrl-A, no header, \\N for no value")


def _mysql(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n") + '"'


def _languages() -> Iterator[Case]:
    number = count()
    page = Sheet(shape=lambda song, day, plays: [str(next(number)), song, day, plays], number=lambda n: f"{n}.0")
    page.note(",Song,Date,Number of Plays").rows(table(40, most=90_000))
    page.misread(PLAYS, "NA", "2024-03-31", "").misread(DATE, "Halo", "NaT", "1.0")
    yield page.case("pandas: an index without a name, floats, nothing for NaN and NaT")
    number = count(1)
    page = Sheet(
        quoted=lambda text, mark: text if text.isdigit() or text == "NA" else always(text),
        shape=lambda song, day, plays: [f"#{next(number)}", song, day, plays],
    )
    page.note('"","Song","Date","Plays"').rows(table(30)).bad(PLAYS, '"#31","Halo","2024-03-31",NA')
    yield page.case("R write.csv: row names in a quoted column without a name, NA for no value")
    number = count(1)
    page = Sheet(shape=lambda *fields: [str(next(number)), *fields]).note("Song,Date,Plays").rows(table(12))
    weaker = page.answer().nothing_read()
    yield page.case("R write.table: row names without a place in the header", weaker, REFUSED)
    page = (
        Sheet(delimiter="\t", quoted=never)
        .header()
        .rows(table(30, WORLD))
        .misread(PLAYS, "Halo", "2024-03-31", "1e+05")
    )
    yield page.case("R write.table with tabs: 1e+05 for a hundred thousand")
    page = filled(table(30, ("AC\\DC", 'The "Real" One', "Two\nLines", "Halo")), end="\r\n")
    yield page.case("csv of Python: CRLF and quotes where needed")
    page = Sheet(day=lambda day: f"{day}T00:00:00.000Z").header("song", "date", "plays").rows(table(30, WORLD))
    yield page.case("JavaScript: days as toISOString", cut=1)
    page = Sheet(end="\r\n", quoted=always).note("#TYPE Selected.System.Management.Automation.PSCustomObject")
    yield page.header("Song", "Date", "Plays").rows(table(30)).case("PowerShell Export-Csv with its #TYPE line")


def _reports() -> Iterator[Case]:
    page = Sheet(shape=lambda song, day, plays: [day, song, "Beyoncé", "x1y2", plays, "0.12"])
    page.note("date,track,artist,isrc,streams,share").rows(table(30, WORLD))
    yield page.case("a report of a streaming service: date, track, artist, ISRC, streams, share")
    page = Sheet(start=UTF8_MARK, shape=lambda song, day, plays: ["dQw4", song, day, plays, "1.5"])
    page.note("Content,Song,Date,Plays,Watch time (hours)").bad(ANY, "Total,,,12345,99.5").rows(table(30, WORLD))
    yield page.case("a report of a video site: the total in the first row, more columns")
    page = (
        Sheet(end="\r\n").note("Royalty Statement").note("Period:,2024-01-01 to 2024-12-31").note('Label:,"A, B & C"')
    )
    page.note().note("Item,,Usage").header("Track", "Date", "Plays").rows(table(30)).bad(
        ANY, "Grand Total,,12345"
    ).note()
    yield page.bad(ANY, "Confidential. Do not forward.").case(
        "a statement: title, two header rows, rows, total, notice"
    )
    yield (
        Sheet()
        .note("date,listeners,streams")
        .note("2024-03-31,5,9")
        .note("2024-04-01,6,8")
        .refused("a report of streams by day without songs", "columns_missing", line=1)
    )
    page = Sheet(shape=lambda song, day, plays: [song, day, day, plays]).note("Title,Begin Date,End Date,Units")
    yield page.rows(table(12)).refused("a sales report with a first and a last day")
    page = Sheet(delimiter=";", shape=lambda song, day, plays: [day, song, plays]).header("Lied", "Tag", "Anzahl")
    yield page.rows(table(12)).case("a radio log in German: Tag, Lied, Anzahl", REFUSED)


def _sap() -> Iterator[Case]:
    page = Sheet(delimiter=";", end="\r\n", encoding="cp1252", day=like("%d.%m.%Y"), number=grouped("."))
    page.note("Auswertung ZMUSIK;;").note("Datum: 01.04.2024;;").note(";;").header("Titel", "Datum", "Anzahl")
    page.rows(MILLIONS).misread(PLAYS, "Straße", "01.04.2024", "5-").bad(ANY, "Summe;;98.765.432")
    yield page.case("SAP: three lines above, points, a minus behind, a sum")
    page = Sheet(delimiter="\t", end="\r\n", encoding="utf-16-le", start=b"\xff\xfe", day=like("%d.%m.%Y"))
    page.note("01.04.2024\tListe\t1").note().header("Titel", "Datum", "Anzahl").note().rows(table(30, WORLD))
    yield page.case("SAP, Unicode: a title of three fields, blank lines around the header")
    page = Sheet(delimiter="|", quoted=never, shape=lambda *fields: [*fields, ""]).header("Titel", "Datum", "Anzahl")
    yield page.rows(table(30)).case("a list with a bar behind each field")


def _systems() -> Iterator[Case]:
    page = filled(table(20), end="\r\n", start=UTF8_MARK)
    page.note("\ufeffSong,Date,Number of Plays").rows(table(20, WORLD, seed=8)).misread(DATE, "Halo", "x", "1")
    yield page.case("copy /b of two files with byte order marks", page.answer().without(22))
    page = filled(table(20), delimiter=";", end="\n").bad(ROW, "==> b.csv <==").header().rows(table(20, seed=8))
    yield page.case("tail of two files with a line between them")
    page = sheet(end="\r\n").rows(table(10)).bad(ROW, "<<<<<<< HEAD").rows(table(3, seed=8)).bad(ROW, "=======")
    yield page.rows(table(3, seed=9)).bad(ROW, ">>>>>>> b").case("marks of a merge that was not finished")
    page = Sheet(delimiter="\t", encoding="utf-16-be", start=b"\xfe\xff").header("Titre", "Date", "Écoutes")
    page.rows(table(30, WORLD)).misread(SONG, "", "2024-03-31", "5")
    yield page.case("UTF-16 and tabs in gzip, high byte first", wrapped=lambda data: gzip.compress(data, mtime=0))
