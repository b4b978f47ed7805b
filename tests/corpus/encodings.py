"""How characters stand as bytes: UTF-8, UTF-16, Windows-1252, files of two encodings, others that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from tests.corpus.cases import ANY, PLAYS, REFUSED, SONG, Answer, Case, Refused
from tests.corpus.sheets import LONG, WESTERN, WORLD, Sheet, always, filled, like, sheet, table

DAY = date(2024, 3, 31)
UTF8_MARK, LOW_MARK, HIGH_MARK = b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _utf8()
    yield from _utf16()
    yield from _cp1252()
    yield from _late_cp1252()
    yield from _two_encodings()
    yield from _broken_utf8()
    yield from _alike()
    yield from _refused()
    yield from _told()


def _utf8() -> Iterator[Case]:
    yield filled(table(40, WORLD)).case("UTF-8 with songs of many scripts")
    yield filled(table(40, WORLD), start=UTF8_MARK).case("UTF-8 with byte order mark")
    page = filled(table(40, WORLD), start=UTF8_MARK, end="\r\n", delimiter=";", quoted=always)
    yield page.case("UTF-8 with byte order mark, semicolons, CRLF and quoted header")
    yield Sheet(start=UTF8_MARK).rows(table(8, WORLD)).case("UTF-8 with byte order mark, without header")
    yield filled(table(8, WORLD), start=UTF8_MARK * 2).case("two byte order marks", REFUSED)
    page = filled(table(8))
    page.note("\ufeffSong,Date,Number of Plays").rows(table(8, seed=8))
    line = page.good[8].line - 1
    yield page.case("a byte order mark and the header again where two files were joined", page.answer().without(line))
    yield filled(table(8)).row("\ufeffHalo", DAY, 3).rows(table(4)).case("a byte order mark in the middle is a song's")


def _utf16() -> Iterator[Case]:
    for name, codec, mark in (("low", "utf-16-le", LOW_MARK), ("high", "utf-16-be", HIGH_MARK)):
        yield filled(table(24, WORLD), encoding=codec, start=mark).case(f"UTF-16, {name} byte first")
        yield filled(table(24), encoding=codec).case(f"UTF-16, {name} byte first, without byte order mark")
        page = filled(table(24, WORLD), encoding=codec, start=mark, delimiter="\t", end="\r\n")
        page.misread(PLAYS, "Halo", "2024-01-01", "x")
        yield page.case(f"UTF-16, {name} byte first, with tabs and CRLF as Excel writes Unicode text")
        songs: tuple[str, ...] = (
            "\u0a0a",
            "\u0d0d",
            "\u2c2c",
            "\u2222",
            "\u0a0d",
            "\u0d0a",
            "\u220a",
            "\u0a22",
            "\u2c0a",
            "Halo",
        )
        page = filled(table(24, songs), encoding=codec, start=mark).misread(PLAYS, "\u0a0a\u0d0d", "2024-01-01", "x")
        yield page.case(f"UTF-16, {name} byte first, letters whose bytes look like line ends and quotes")
    songs = ("Two\nLines", "Two\rLines", "\r\n", "Halo")
    page = filled(table(20, songs), encoding="utf-16-le", start=LOW_MARK, end="\r")
    yield page.misread(PLAYS, "a\nb", "2024-01-01", "x").case("UTF-16 with line ends in quoted songs of a CR file")
    page = filled(table(12), encoding="utf-16-le", start=LOW_MARK)
    cut_off = Refused.by("encoding_*", line=13)
    yield Case("UTF-16 cut off in the last character", page.data()[:-3], cut_off, (page.answer().without(13),))
    page = filled(table(8, WORLD), encoding="utf-16-le", start=LOW_MARK)
    page.bad(ANY, b"\x3d\xd8" + ",2024-03-31,5".encode("utf-16-le"))
    half = Refused.by("encoding_*", line=10)
    yield Case("UTF-16 with half a character", page.data(), half, (page.answer(),))


def _cp1252() -> Iterator[Case]:
    yield filled(table(24, WESTERN), encoding="cp1252").case("Windows-1252 with accents")
    songs = ("Don’t Stop", "“Heroes”", "5 € – a song…", "Œuvre", "Žena", "Halo™")
    yield filled(table(24, songs), encoding="cp1252").case("Windows-1252 with curly quotes, dashes and the euro")
    german = {"delimiter": ";", "end": "\r\n", "day": like("%d.%m.%Y"), "encoding": "cp1252"}
    yield filled(table(24, WESTERN), **german).case("Windows-1252, semicolons, days with dots")
    page = filled(table(50), encoding="cp1252").row("Für Elise", DAY, 5).rows(table(5, seed=8))
    yield page.case("one letter of Windows-1252 in fifty rows")
    page = sheet(encoding="cp1252", quoted=always).rows(table(12, WESTERN)).misread(PLAYS, "Straße", "2024-01-01", "ü")
    yield page.case("Windows-1252 in a value that cannot be read")
    page = Sheet(encoding="cp1252").header("Chanson", "Date", "Écoutes").rows(table(9, WESTERN))
    yield page.case("Windows-1252 in the header")
    page = sheet(encoding="cp1252").rows(table(9)).row("a\xa0b", DAY, 5).row("a b", DAY, 7)
    yield page.case("Windows-1252 with a no-break blank")


def _late_cp1252() -> Iterator[Case]:
    page = filled(table(songs=LONG) * 400, encoding="cp1252").rows(table(5, WESTERN)).rows(table(5, seed=8))
    needing = [row.line for row in page.good if not row.song.isascii()]
    yield page.case("Windows-1252 with its first letters after 2 MB", page.answer().without(*needing), REFUSED)
    page = filled(table(songs=WESTERN), encoding="cp1252").rows(table(songs=LONG) * 400)
    for song in WESTERN[:3]:
        page.bad(SONG, f"{song},2024-03-31,5".encode())
    yield page.refused("Windows-1252, and UTF-8 first after 2 MB", "encodings_mixed", also=(page.answer(),))


def _two_encodings() -> Iterator[Case]:
    for name, many, few in (("most", 10, 2), ("half", 4, 4)):
        page = filled(table(many, WESTERN[:6]))
        for song in WESTERN[:few]:
            page.bad(SONG, f"{song},2024-03-31,5".encode("cp1252"))
        yield page.rows(table(5)).case(f"{name} lines with accents are UTF-8 and the others are not", REFUSED)
    page = sheet().rows(table(5)).rows(table(2, WESTERN[:2]))
    for song in WESTERN[:6]:
        page.note(f"{song},2024-03-31,5".encode("cp1252"))
    yield page.refused("most lines with accents are not UTF-8 and some are", "encodings_mixed")
    page = Sheet(shape=lambda *fields: [*fields, "Zoë"]).header().rows(table(8, WESTERN))
    page.bad(ANY, b"Halo,2024-03-31,5,Zo\xeb").rows(table(4))
    yield page.case("one line that is not UTF-8 in a column that is not used", page.answer().with_row("Halo", DAY, 5))
    page = Sheet(shape=lambda *fields: [*fields, "Zoë"]).note(b"Titel,Datum,Wiedergaben,K\xfcnstler")
    page.rows(table(8, WESTERN))
    yield page.case("a header that is not UTF-8 above rows that are", REFUSED)


def _broken_utf8() -> Iterator[Case]:
    bad = {
        "a character cut off": b"f\xc3,2024-03-31,5",
        "a character of too many bytes": b"\xc0\xaf,2024-03-31,5",
        "half of a UTF-16 character": b"\xed\xa0\xbd,2024-03-31,5",
        "a character past the last one": b"\xf4\x90\x80\x80,2024-03-31,5",
        "a byte that UTF-8 never has": b"\xfe\xff,2024-03-31,5",
    }
    for name, line in bad.items():
        yield filled(table(12, WORLD)).bad(SONG, line).rows(table(4)).case(f"UTF-8 with {name} in a song", REFUSED)
    page = filled(table(12, WORLD)).bad(ANY, "Halo,2024-03-31,5夜".encode()[:-1], end="")
    yield page.case("UTF-8 cut off in the last character", REFUSED)


def _alike() -> Iterator[Case]:
    songs: tuple[str, ...] = ("é", "e\u0301", "Å", "\u212b", "ﬁ", "fi", "ß", "ss", "I", "ı", "İ", "i")
    yield filled(table(60, songs)).case("letters that look alike or fold alike are different songs")
    songs = ("a b", "a\xa0b", "a\u200bb", "a\u2009b", "ab", "a\u3000b", "a\u202fb")
    yield filled(table(60, songs)).case("blanks of many kinds make different songs")
    songs = ("\u200fحبيبي", "حبيبي", "\u202eabc", "abc", "👩‍👩‍👧", "👩👩👧", "❤", "❤\ufe0f")
    yield filled(table(60, songs)).case("marks of direction, joiners and variants make different songs")
    songs = ("FÃ¼r Elise", "Für Elise", "\ufffd", "?", "F%C3%BCr", "F&uuml;r")
    yield filled(table(60, songs)).case("broken and escaped letters stay as they are")
    songs = ("\U00010000", "\uffff", "\ue000", "z", "𝄞", "é")
    yield filled(table(60, songs)).case("songs are sorted by code points, not by bytes of UTF-16")


def _refused() -> Iterator[Case]:
    for number, song in {"81": b"\x81", "8D": b"\x8d", "8F": b"\x8f", "90": b"\x90", "9D": b"\x9d"}.items():
        page = sheet().rows(table(5)).note(b"Song " + song + b",2024-03-31,5").rows(table(3))
        yield page.refused(f"the byte {number} that neither UTF-8 nor Windows-1252 has", "encoding_unknown", line=7)
    for name, codec, mark in (("low", "utf-32-le", b"\xff\xfe\0\0"), ("high", "utf-32-be", b"\0\0\xfe\xff")):
        page = filled(table(12, WORLD), encoding=codec, start=mark)
        yield page.refused(f"UTF-32, {name} byte first", "encoding_unknown", "not_a_csv", "encoding_*")
    yield filled(encoding="cp500").refused("the encoding of old mainframes")
    page = filled(table(12, ("夜に駆ける", "猫", "チェリー", "アイドル")), encoding="shift_jis")
    yield page.refused("Shift JIS", "encoding_unknown")


def _told() -> Iterator[Case]:
    for name, codec, songs in (
        ("Shift JIS", "shift_jis", ("夜に駆ける", "猫", "ソ表", "アイドル")),
        ("Windows-1251", "cp1251", ("Кукушка", "Звезда", "Halo")),
        ("Mac Roman", "mac-roman", WESTERN),
        ("GB 18030", "gb18030", ("小幸运", "告白气球", "乘|客", "Halo")),
        ("ISO 8859-15", "iso-8859-15", ("5 €", "Œuvre", "Žena", "Straße")),
    ):
        page = filled(table(16, songs), encoding=codec)
        yield page.case(f"{name}, as the caller says", flags=("--encoding", codec))
    page = sheet().bad(SONG, b"F\xfcr,2024-03-31,5").rows(table(6, WORLD))
    yield page.case("Windows-1252 in a file that is UTF-8, as the caller says", flags=("--encoding", "utf-8"))
    page = filled(table(4, WESTERN))
    rows = tuple(replace(row, song=row.song.encode().decode("cp1252")) for row in page.good)
    name = "UTF-8 that is read as the caller says, though it looks wrong"
    yield Case(name, page.data(), Answer(rows), flags=("--encoding", "cp1252"))
