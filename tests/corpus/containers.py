"""Files around the file: archives, told by their first bytes and never by their name, and what is no CSV at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date

import pyarrow as pa

from tests.corpus.cases import PLAYS, REFUSED, Case, Refused
from tests.corpus.sheets import WESTERN, WORLD, Sheet, filled, grouped, like, sheet, table

DAY = date(2024, 3, 31)
ARCHIVE, DAMAGED, NOT_CSV = "archive_*", "archive_damaged", "not_a_csv"
PAGE = filled(table(60))
TEXT = PAGE.data()


def zstd(data: bytes) -> bytes:
    """A frame of zstd."""
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files by name; a name with a slash at its end is a folder."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2024, 4, 1, 0, 0, 0)), data, method)
    return sink.getvalue()


def zip_of_one(data: bytes) -> bytes:
    """A zip of one CSV."""
    return zipped(("plays.csv", data))


def gz(data: bytes) -> bytes:
    """Gzip without a time, so that the corpus is the same each time."""
    return gzip.compress(data, mtime=0)


def tar(data: bytes) -> bytes:
    """A tar of one CSV."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        entry = tarfile.TarInfo("plays.csv")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return sink.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gz,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "zip": zip_of_one,
}
# First bytes of what people send in place of a CSV; a table of plays follows, so that reading on would find rows.
NO_CSV = {
    "an old Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "a PNG": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01",
    "a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "a GIF": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    "a Parquet file": b"PAR1\x15\x04\x15\x10",
    "an SQLite database": b"SQLite format 3\x00\x10\x00\x01\x01",
    "an RTF text": b"{\\rtf1\\ansi\\deff0 {\\fonttbl {\\f0 Arial;}}\n",
    "a 7z archive": b"7z\xbc\xaf'\x1c\x00\x04",
    "a RAR archive": b"Rar!\x1a\x07\x01\x00",
}
# The same in text: around the table, and of each row.
NO_CSV_TEXT = {
    "a web page": ("<!DOCTYPE html>\n<html><body><table>\n", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", "</table>"),
    "a web page without doctype": ("<html>\n<head><title>Plays</title></head>\n", "<p>{}, {}, {}<br>", "</html>"),
    "an XML file": ('<?xml version="1.0"?>\n<plays>\n', "<row><song>{}</song><day>{}</day><n>{}</n></row>", "</plays>"),
    "a JSON list": ("[\n", '{{"Song": "{}", "Date": "{}", "Number of Plays": {}}},', "]"),
    "a JSON object": ('{"rows": [\n', '["{}", "{}", {}],', "]}"),
    "JSON lines": ("", '{{"Song": "{}", "Date": "{}", "Number of Plays": {}}}', ""),
}


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    for name, packed in PACKERS.items():
        yield from _packed(name, packed)
    yield from _several_members()
    yield from _zips()
    yield from _twice()
    yield from _bombs()
    yield from _inside()
    for name, start in NO_CSV.items():
        yield Case(f"{name} named .csv", start + TEXT, Refused.by(NOT_CSV), (REFUSED,))
    for name, (above, row, below) in NO_CSV_TEXT.items():
        text = above + "\n".join(row.format(*values) for values in table(40)) + "\n" + below
        yield Case(f"{name} named .csv", text.encode(), Refused.by(NOT_CSV), (REFUSED,))
    page = Sheet().note("<br />\n<b>Warning</b>: mysql_connect() is old in <b>/var/www/plays.php</b> on line 5<br />")
    yield page.header().rows(table()).case("a warning of a web server above the header", REFUSED)
    yield from _workbooks()


def _packed(name: str, packed: Callable[[bytes], bytes]) -> Iterator[Case]:
    yield filled().misread(PLAYS, "Halo", "2024-03-31", "x").case(f"packed by {name}", wrapped=packed)
    whole = packed(TEXT)
    yield Case(f"packed by {name} and cut off", whole[: len(whole) * 2 // 3], Refused.by(DAMAGED))
    if name != "zstd":  # which has no checksum
        place = len(whole) // 2
        broken = whole[:place] + bytes(byte ^ 0xFF for byte in whole[place : place + 8]) + whole[place + 8 :]
        yield Case(f"packed by {name} and damaged in the middle", broken, Refused.by(DAMAGED))
    yield Case(f"an empty file packed by {name}", packed(b""), Refused.by("empty_file"), (REFUSED,))


def _several_members() -> Iterator[Case]:
    for name in ("gzip", "bzip2", "xz", "zstd"):
        packed = PACKERS[name]
        page = filled(table(40))
        page.misread(PLAYS, "Halo", "2024-03-31", "x")

        def halves(data: bytes, packed: Callable[[bytes], bytes] = packed) -> bytes:
            return packed(data[:333]) + packed(data[333:])

        yield page.case(f"two pieces packed by {name}, one behind the other", wrapped=halves)
    name = "gzip with zeros behind its end"
    yield PAGE.case(name, Refused.by(DAMAGED), wrapped=lambda data: gz(data) + bytes(512))
    yield Case("gzip with a CSV behind its end", gz(TEXT) + TEXT, Refused.by(DAMAGED))
    checked = bytearray(gz(TEXT))
    checked[-8] ^= 1
    yield Case("gzip with a wrong checksum", bytes(checked), Refused.by(DAMAGED))
    for name, start in {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\0"}.items():
        yield Case(f"the first bytes of {name} and then text", start + TEXT, Refused.by(DAMAGED), (REFUSED,))


def _zips() -> Iterator[Case]:
    page = filled(table(40))
    yield page.case("a zip of one stored CSV", wrapped=lambda data: zipped(("a.csv", data), method=zipfile.ZIP_STORED))
    mac = ("__MACOSX/._plays.csv", b"\x00\x05\x16\x07")
    folder = ("plays/", b"")
    yield page.case("a zip of a Mac", wrapped=lambda data: zipped(folder, ("plays/plays.csv", data), mac))
    yield page.case("a zip whose CSV has another name", wrapped=lambda data: zipped(("plays.TXT", data)))
    name = "a zip whose CSV would leave its folder"
    yield page.case(name, REFUSED, wrapped=lambda data: zipped(("../../plays.csv", data)))
    yield Case("a zip of two CSVs", zipped(("a.csv", TEXT), ("b.csv", TEXT)), Refused.by(ARCHIVE))
    yield Case("an empty zip", zipped(), Refused.by(ARCHIVE), (REFUSED,))
    yield Case("a zip of a folder only", zipped(folder), Refused.by(ARCHIVE), (REFUSED,))
    locked = bytearray(zip_of_one(TEXT))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    yield Case("a zip with a password", bytes(locked), Refused.by(ARCHIVE))
    whole = zip_of_one(TEXT)
    place = whole.index(b"PK\x01\x02")
    yield Case("a zip without its list of files", whole[:place], Refused.by(DAMAGED))
    huge = bytearray(whole)
    huge[22:26] = huge[place + 24 : place + 28] = b"\xff\xff\xff\x7f"
    lie = Refused.by(ARCHIVE, "unpacks_too_large")
    yield Case("a zip that lies about the size of its CSV", bytes(huge), lie, (PAGE.answer(),))


def _twice() -> Iterator[Case]:
    for name, packed in {
        "gzip in gzip": gz(gz(TEXT)),
        "gzip in a zip": zipped(("plays.csv.gz", gz(TEXT))),
        "a zip in gzip": gz(zip_of_one(TEXT)),
        "xz in bzip2": bz2.compress(lzma.compress(TEXT)),
        "a tar in gzip": gz(tar(TEXT)),
    }.items():
        yield Case(name, packed, Refused.by(ARCHIVE, NOT_CSV))
    yield Case("a tar", tar(TEXT), Refused.by(NOT_CSV, ARCHIVE))
    yield Case("a picture in gzip", gz(NO_CSV["a PNG"] + TEXT), Refused.by(NOT_CSV))


def _bombs() -> Iterator[Case]:
    piece = b"Halo,2024-03-31,5\n" * 250_000  # 4.5 MB that become 5 kB
    for name, packed in (("gzip", gz), ("xz", lzma.compress)):
        member = packed(piece)
        yield Case(f"a bomb packed by {name}", member * (320_000_000 // len(piece)), Refused.by("unpacks_too_large"))


def _inside() -> Iterator[Case]:
    page = filled(table(30, WORLD), encoding="utf-16-le", start=b"\xff\xfe", delimiter="\t", end="\r\n")
    yield page.misread(PLAYS, "Halo", "2024-03-31", "x").case("UTF-16 with tabs, packed by gzip", wrapped=gz)
    page = Sheet(delimiter=";", end="\r\n", encoding="cp1252", day=like("%d.%m.%Y"), number=grouped("."))
    page.note("Auswertung;;").header("Titel", "Datum", "Wiedergaben").rows(table(30, WESTERN, most=3_000_000))
    page.misread(PLAYS, "Straße", "01.04.2024", "viele")
    for name, packed in PACKERS.items():
        yield page.case(f"a German export with a title, packed by {name}", wrapped=packed)
    page = Sheet(end="\r").rows(table(30))
    yield page.case("a CR file without header, packed by bzip2", wrapped=bz2.compress)
    yield sheet().row("Two\nLines", DAY, 5).case("quoted line ends, packed by zstd", wrapped=zstd)


def _workbooks() -> Iterator[Case]:
    types = ("[Content_Types].xml", b"<Types/>")
    for name, members in {
        "an Excel workbook": (types, ("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", b"<sheet/>")),
        "a Word document": (types, ("word/document.xml", b"<document/>")),
        "an OpenDocument table": (
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", b"<office/>"),
        ),
    }.items():
        yield Case(f"{name} named .csv", zipped(*members), Refused.by(NOT_CSV), (REFUSED,))
