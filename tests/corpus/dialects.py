"""What stands between fields and around them: delimiters, quotes, escapes, blanks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.corpus.cases import PLAYS, REFUSED, ROW, SONG, Answer, Case
from tests.corpus.sheets import PLAIN, Sheet, always, filled, like, never, sheet, table

DAY = date(2024, 3, 31)
DELIMITERS = {
    "commas": ",",
    "semicolons": ";",
    "tabs": "\t",
    "bars": "|",
    "colons": ":",
    "carets": "^",
    "tildes": "~",
    "hashes": "#",
    "unit separators of ASCII": "\x1f",
    "Ctrl-A, as Hive writes them": "\x01",
}


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    for name, mark in list(DELIMITERS.items())[1:]:
        yield filled(delimiter=mark).case(f"fields between {name}")
    yield from _delimiters_in_songs()
    yield from _sep_lines()
    yield from _single_quotes()
    yield from _backslashes()
    yield from _double_quotes()
    yield from _no_quotes()
    yield from _blanks()
    yield from _trailing_delimiters()
    yield from _no_table()
    yield from _told()


def _delimiters_in_songs() -> Iterator[Case]:
    songs: tuple[str, ...] = ("Hello, Goodbye", "In, The, End", "a;b", "1;2;3", "a|b", "a:b", "x\ty", "Halo")
    for name in ("commas", "semicolons", "tabs", "bars"):
        mark = DELIMITERS[name]
        yield filled(table(songs=songs), delimiter=mark).case(f"all kinds of marks in songs between {name}")
    songs = ("a,b,c", "d,e,f", "g,h,i", "1,2,3")
    yield filled(table(songs=songs), delimiter=";").case("each song holds two commas in a file with semicolons")
    yield filled(table(songs=("a;b;c", "d;e;f")), delimiter=",").case("each song holds two semicolons between commas")
    yield Sheet(delimiter="|").rows(table(songs=songs)).case("each song holds two commas between bars, without header")
    for name in ("semicolons", "tabs", "bars"):
        yield Sheet(delimiter=DELIMITERS[name]).rows(table()).case(f"fields between {name}, without header")
    songs = ("Halo; again", "One, two", "3:4")
    page = filled(table(songs=songs), delimiter="\t", quoted=never)
    yield page.case("marks in unquoted songs between tabs")


def _sep_lines() -> Iterator[Case]:
    for name, mark in {"a semicolon": ";", "a comma": ",", "a tab": "\t", "a bar": "|"}.items():
        page = Sheet(delimiter=mark, end="\r\n").note(f"sep={mark}").header().rows(table(12))
        yield page.misread(PLAYS, "Halo", "2024-01-01", "x").case(f"a first line says that {name} separates")
    page = Sheet(delimiter=";", end="\r\n", start=b"\xef\xbb\xbf").note("sep=;").header().rows(table())
    yield page.case("a first line sep=; behind a byte order mark")
    page = Sheet(delimiter=";").note('"sep=;"').header().rows(table())
    yield page.case("a quoted first line sep=;", REFUSED, page.answer().without(1))
    page = Sheet(delimiter=";").note("sep=;").rows(table(8))
    yield page.case("a first line sep=; and no header")


def _single_quoted(text: str, delimiter: str) -> str:
    """A field as some SQL tools write it: songs always in single quotes."""
    return text if text[:4] == "2024" or text.isdigit() else "'" + text.replace("'", "''") + "'"


def _single_where_needed(text: str, delimiter: str) -> str:
    return _single_quoted(text, delimiter) if delimiter in text or "\n" in text or text.startswith("'") else text


def _single_quotes() -> Iterator[Case]:
    yield filled(quoted=_single_quoted).case("single quotes around each song")
    songs: tuple[str, ...] = (
        "Don't Stop",
        "Hello, Goodbye",
        "'Round Midnight",
        "Rock 'n' Roll",
        'The "Real" One',
        "Halo",
    )
    yield filled(table(songs=songs), quoted=_single_quoted).case("single quotes around each song, doubled inside")
    songs = ("Hello, Goodbye", "In, The End", "Two\nLines", "Halo")
    yield filled(table(songs=songs), quoted=_single_where_needed).case("single quotes where a song holds a comma")
    songs = ("Don't Stop", "Rock 'n' Roll", "Livin' on a Prayer", "It's 5 o'clock", "Halo")
    yield filled(table(songs=songs), quoted=never).case("apostrophes within songs are no quotes")
    songs = ("'Round Midnight", "Hello, Goodbye", "'39", "'Til I Hear You Sing", "Halo")
    yield filled(table(songs=songs)).case("songs that begin with an apostrophe, and double quotes elsewhere")
    page = sheet(quoted=never).rows(table(8)).row("'Round Midnight", DAY, 3).row("'39'", DAY, 5)
    yield page.case("two songs that begin with an apostrophe in a file without quotes")


def _escaped(text: str, delimiter: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _backslashes() -> Iterator[Case]:
    songs: tuple[str, ...] = ('The "Real" One', "AC\\DC", 'say "hi", twice', "Two\nLines", '"', "Halo")
    yield filled(table(songs=songs), quoted=_escaped).case("quotes escaped by a backslash, as MySQL writes them")
    page = sheet(delimiter=";").row('Say "Hi"', DAY, 3, '"Say \\"Hi\\"";2024-03-31;3').rows(table(8))
    yield page.case("one quote escaped by a backslash between semicolons")
    page = sheet(quoted=never).rows(table(8)).row("Hello, Goodbye", DAY, 3, "Hello\\, Goodbye,2024-03-31,3")
    page.row("AC\\DC", DAY, 4, "AC\\\\DC,2024-03-31,4").row("In, The, End", DAY, 5, "In\\, The\\, End,2024-03-31,5")
    needing = [row.line for row in page.good if "," in row.song]
    yield page.case("delimiters escaped by a backslash, no quotes", page.answer().without(*needing))
    page = sheet(delimiter="\t", quoted=never).rows(table(8)).row("a\tb", DAY, 3, "a\\\tb\t2024-03-31\t3")
    page.row("Two\nLines", DAY, 4, "Two\\\nLines\t2024-03-31\t4").misread(PLAYS, "Halo", "2024-01-01", "\\N")
    weaker = page.answer().without(page.good[-2].line, page.good[-1].line, page.good[-1].line + 1)
    yield page.case("a MySQL dump with escaped tabs and line ends, and \\N for no value", weaker)
    songs = ("AC\\DC", "C:\\music\\x", "\\o/", "a\\nb", "Halo")
    yield filled(table(songs=songs)).case("backslashes that escape nothing stay")
    songs = ("AC\\DC", 'The "Real" One', "Hello, Goodbye", "Halo")
    yield filled(table(songs=songs), quoted=always).case("backslashes beside doubled quotes stay")
    page = sheet(quoted=always).row('The "Real" One', DAY, 3).row("ends with\\", DAY, 4).rows(table(8))
    page.row('Say "Hi"', DAY, 5)
    line = next(row.line for row in page.good if row.song.endswith("\\"))
    yield page.case("a backslash before a closing quote, where quotes are doubled", page.answer().without(line))


def _double_quotes() -> Iterator[Case]:
    yield filled(quoted=always).case("double quotes around everything")
    songs = ('The "Real" One', '"', '""', 'a "b, c" d', '"x"', "Halo")
    yield filled(table(songs=songs)).case("doubled quotes")
    yield filled(table(songs=songs), delimiter=";", quoted=always).case("doubled quotes around everything, semicolons")
    page = sheet().rows(table(8)).row('12" mix', DAY, 3, '12" mix,2024-03-31,3')
    page.row('7"', DAY, 4, '7",2024-03-31,4').row('a "b" c', DAY, 5, 'a "b" c,2024-03-31,5').row("x, y", DAY, 6)
    yield page.case("quotes within unquoted songs stay")
    page = sheet().rows(table(8)).row("Hello, Goodbye", DAY, 3).bad(ROW, '"Weird Al" Yankovic,2024-03-31,4')
    yield page.rows(table(8, seed=8)).case("a quote closed in mid-field, where other fields are properly quoted")
    page = sheet().row("One", DAY, 3, '"One",2024-03-31,3').row("One", DAY, 4, "One,2024-03-31,4")
    page.row("One", DAY, 5, 'One,"2024-03-31",5').row("One", DAY, 6, 'One,2024-03-31,"6"')
    yield page.case("quotes that are not needed change nothing")
    yield sheet().bad(SONG, '"",2024-03-31,5').rows(table(6)).case("a song of two quotes is empty")


def _no_quotes() -> Iterator[Case]:
    songs = ('"Weird Al" Yankovic', '"Heroes" live', 'Say "Hi"', "Halo", '"A" is for x')
    for name in ("commas", "tabs", "semicolons"):
        page = filled(table(songs=songs), delimiter=DELIMITERS[name], quoted=never)
        yield page.case(f"quotes that are part of songs, between {name}")


def _blanks() -> Iterator[Case]:
    page = sheet(delimiter=", ", quoted=never).rows(table()).bad(PLAYS, "Halo, 2024-01-01, x")
    yield page.case("a blank behind each comma")
    songs: tuple[str, ...] = ("Hello, Goodbye", "Halo", 'The "Real" One')
    page = Sheet(delimiter=", ", shape=lambda song, day, plays: [day, song, plays]).header().rows(table(songs=songs))
    yield page.case("a blank behind each comma, and quotes behind blanks")
    page = Sheet(delimiter="; ", quoted=never, shape=lambda song, day, plays: [plays, song, day])
    yield page.header().rows(table()).case("a blank behind each semicolon")
    songs = (" Halo", "Halo", "Halo ", "  Halo", "\tHalo")
    yield filled(table(songs=songs)).case("blanks around some songs only are part of them")
    page = Sheet(shape=lambda song, day, plays: [day, song, plays]).header()
    yield page.rows(table(songs=(" Halo", "Halo", "Halo "))).case("blanks before some songs in the middle stay")


def _trailing_delimiters() -> Iterator[Case]:
    for name in ("commas", "semicolons"):
        page = filled(delimiter=DELIMITERS[name], shape=lambda *fields: [*fields, ""])
        yield page.case(f"each line ends with one of the {name}")
    page = Sheet(shape=lambda *fields: [*fields, ""]).rows(table(8))
    yield page.case("each line ends with a comma, without header", REFUSED)
    page = Sheet(shape=lambda *fields: [*fields, ""]).note("Song,Date,Number of Plays").rows(table())
    yield page.case("each line but the header ends with a comma", REFUSED, page.answer().nothing_read())


def _no_table() -> Iterator[Case]:
    page = Sheet(quoted=lambda text, delimiter: text.ljust(14), delimiter="").header().rows(table())
    yield page.refused("columns of fixed width")
    page = Sheet()
    for line in ["Song,Date,Plays", *(f"{song},{day},{plays}" for song, day, plays in table())]:
        page.note(always(line))
    yield page.refused("each whole line in quotes")
    page = Sheet().note("Song;Date;Plays").rows(table())
    name = "semicolons in the header, commas in the rows"
    yield Case(name, page.data(), page.answer().without(1), (page.answer(), REFUSED))
    page = sheet().rows(table(12))
    for song, day, plays in table(3, seed=8):
        page.bad(ROW, f"{song};{day};{plays}")
    yield page.case("three rows with semicolons in a file with commas")


def _told() -> Iterator[Case]:
    page = Sheet(delimiter=" ", quoted=lambda text, delimiter: always(text) if text in PLAIN else text).rows(table(9))
    yield page.case("blanks separate, and the caller says so", flags=("--delimiter", "blank"))
    page = filled(delimiter="*")
    yield page.case("stars separate, and the caller says so", flags=("--delimiter", "*"))
    page = filled(table(songs=("a,b,c", "d,e,f")), delimiter=";", day=like("%Y-%m-%d"))
    yield page.case("semicolons separate, and the caller says so", flags=("--delimiter", "semicolon"))
    page = Sheet(delimiter=";").header().row('"Heroes"', DAY, 3, '"Heroes";2024-03-31;3').rows(table(6))
    yield page.case("quotes are part of songs, and the caller says so", flags=("--quote", "none"))
    rows = [("'39'", DAY, 4), ("'Heroes'", DAY, 5)]
    page = sheet(quoted=never).rows(rows)
    stripped = Answer(tuple(type(row)(row.line, row.song.strip("'"), row.day, row.plays) for row in page.good))
    case = page.case("single quotes around each song are part of it, as the caller says", flags=("--quote", "double"))
    yield case
    yield case.told("single quotes around each song, as the caller says", stripped, "--quote", "single")
