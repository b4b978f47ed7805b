"""File types, told by first bytes and never by name: text, compressed text, or something to refuse."""

from __future__ import annotations

import errno
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from isal import isal_zlib

from processing.errors import RefusedError

# First bytes -> what the file is, and what to do about it.
_OTHERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (xls). Open it and save it as CSV",
    b"%PDF": "a PDF. Save the table in it as CSV",
    b"\x89PNG": "a picture (PNG). Send the table itself as CSV",
    b"\xff\xd8\xff": "a picture (JPEG). Send the table itself as CSV",
    b"GIF8": "a picture (GIF). Send the table itself as CSV",
    b"PAR1": "a Parquet file. Export it as CSV",
    b"ARROW1": "a Feather file. Export it as CSV",
    b"ORC": "an ORC file. Export it as CSV",
    b"Obj\x01": "an Avro file. Export it as CSV",
    b"SQLite format 3\x00": "a database (SQLite). Export its table as CSV",
    b"{\\rtf": "a text document (RTF). Save the table in it as CSV",
    b"7z\xbc\xaf\x27\x1c": "an archive (7z). Unpack it",
    b"Rar!\x1a\x07": "an archive (rar). Unpack it",
    b"\x1f\x9d": "compressed in an old way (Z). Unpack it",
    b"\x04\x22\x4d\x18": "compressed with lz4. Unpack it, or compress it with gzip",
}
_COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_TAR_AT = 257
_OFFICE = {
    "xl/": "an Excel workbook (xlsx). Open it and save it as CSV",
    "word/": "a Word document (docx). Save the table in it as CSV",
    "ppt/": "a presentation (pptx). Save the table in it as CSV",
}
_OPEN_DOCUMENT = "an OpenDocument spreadsheet (ods). Open it and save it as CSV"
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENCRYPTED = 1
_DAMAGE_ERRORS = (
    EOFError,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),  # its type stub declares an instance, not a class
    struct.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,  # encrypted, by the second of two headers only
    ValueError,  # the base class of some errors of pyarrow
)


def find_compression(start: bytes) -> str | None:
    """Return how a file with these first bytes is compressed, if at all; raise RefusedError for other known types."""
    for magic, compression in _COMPRESSIONS.items():
        if start.startswith(magic):
            return compression
    refuse_other_kinds(start)
    return None


def refuse_other_kinds(start: bytes) -> None:
    """Raise RefusedError for first bytes of a known type that is not text; the message names the type."""
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise not_a_csv(what)
    if start[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise not_a_csv("an archive (tar). Unpack it")


def refuse_packed_twice(start: bytes) -> None:
    """Raise RefusedError for unpacked bytes that are compressed themselves, or of a type that is not text."""
    if any(start.startswith(magic) for magic in _COMPRESSIONS):
        raise RefusedError(
            "archive_twice",
            "The file is compressed, and what is in it is compressed again. Unpack it and send that.",
        )
    refuse_other_kinds(start)


def refuse_markup(text: bytes) -> None:
    """Raise RefusedError for text without a table if it is HTML, XML or JSON."""
    start = text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1000].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<div")):
        raise not_a_csv("a web page (HTML). Open it in a spreadsheet and save it as CSV")
    if start.startswith(b"<?xml") or (start.startswith(b"<") and b">" in start):
        raise not_a_csv("an XML file. Open it in a spreadsheet and save it as CSV")
    if start.startswith((b"{", b"[")) and b'"' in start and b":" in start:
        raise not_a_csv("a JSON file. Export the table as CSV")


def only_member(source: Path) -> zipfile.ZipInfo:
    """Return the only file in a zip; raise RefusedError if there is none, and for office documents, which are zips."""
    with refusing_damage("zip"), zipfile.ZipFile(source) as archive:
        members = archive.infolist()
    _refuse_documents({member.filename for member in members})
    files = [member for member in members if not member.filename.endswith("/") and not _is_system_file(member.filename)]
    if len(files) != 1:
        found = f"{len(files)} files: {', '.join(_shown(member.filename) for member in files[:3])}" if files else "none"
        raise RefusedError(
            "archive_several" if files else "archive_empty",
            f"The zip should hold one CSV, but holds {found}{', ...' if len(files) > 3 else ''}. "
            "Unpack it and send each file by itself.",
        )
    if files[0].flag_bits & _ENCRYPTED:
        raise RefusedError("archive_encrypted", "The zip is locked with a password. Unpack it and send the CSV in it.")
    if files[0].compress_type not in _ZIP_METHODS:
        raise RefusedError(
            "archive_method", "The zip is packed in a way that we cannot read. Unpack it and send the CSV in it."
        )
    return files[0]


def _refuse_documents(names: set[str]) -> None:
    if "[Content_Types].xml" in names:
        for folder, what in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                raise not_a_csv(what)
        raise not_a_csv("an office document. Save the table in it as CSV")
    if "mimetype" in names and "content.xml" in names:
        raise not_a_csv(_OPEN_DOCUMENT)


def _is_system_file(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _shown(name: str) -> str:
    letters = (letter if letter.isprintable() and letter != '"' else "?" for letter in name[:60])
    return f'"{"".join(letters)}"'


def not_a_csv(what: str) -> RefusedError:
    """Return the refusal of a file of another type; ``what`` ends with what to do."""
    then = "" if "Send" in what else ", and send that"
    return RefusedError("not_a_csv", f"The file should be a CSV, but it is {what}{then}.")


def damaged(compression: str) -> RefusedError:
    """Return the refusal of a compressed file that cannot be unpacked."""
    return RefusedError(
        "archive_damaged",
        f"The file is compressed ({compression}) and damaged or cut off, so it cannot be unpacked. Was it sent whole? "
        "Compress it again, or send it unpacked.",
    )


@contextmanager
def refusing_damage(compression: str) -> Iterator[None]:
    """Turn the errors that decompressors raise on damaged data into RefusedError."""
    try:
        yield
    except RefusedError:
        raise
    except _DAMAGE_ERRORS as error:
        raise damaged(compression) from error
    except OSError as error:
        # No errno: the data is invalid. EINVAL: a zip refers to an offset before its beginning.
        if error.errno not in (None, errno.EINVAL):
            raise  # the fault of the disk
        raise damaged(compression) from error
