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

# First bytes -> what the file is: the second part of a key of not_a_csv.
_OTHERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "xls",
    b"%PDF": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"PAR1": "parquet",
    b"ARROW1": "feather",
    b"ORC": "orc",
    b"Obj\x01": "avro",
    b"SQLite format 3\x00": "sqlite",
    b"{\\rtf": "rtf",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x1f\x9d": "compress",
    b"\x04\x22\x4d\x18": "lz4",
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
_NAMED = 3  # files of a zip in a refusal
_OFFICE = {"xl/": "xlsx", "word/": "docx", "ppt/": "pptx"}
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
    """Raise RefusedError for first bytes of a known type that is not text; its key names the type."""
    for magic, kind in _OTHERS.items():
        if start.startswith(magic):
            raise _not_a_csv(kind)
    if start[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise RefusedError("not_a_csv.tar")


def refuse_packed_twice(start: bytes) -> None:
    """Raise RefusedError for unpacked bytes that are compressed themselves, or of a type that is not text."""
    if any(start.startswith(magic) for magic in _COMPRESSIONS):
        raise RefusedError("archive_twice")
    refuse_other_kinds(start)


def refuse_markup(text: bytes) -> None:
    """Raise RefusedError for text without a table if it is HTML, XML or JSON."""
    start = text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1000].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<div")):
        raise RefusedError("not_a_csv.html")
    if start.startswith(b"<?xml") or (start.startswith(b"<") and b">" in start):
        raise RefusedError("not_a_csv.xml")
    if start.startswith((b"{", b"[")) and b'"' in start and b":" in start:
        raise RefusedError("not_a_csv.json")


def only_member(source: Path) -> zipfile.ZipInfo:
    """Return the only file in a zip; raise RefusedError if there is none, and for office documents, which are zips."""
    with refusing_damage("zip"), zipfile.ZipFile(source) as archive:
        members = archive.infolist()
    _refuse_documents({member.filename for member in members})
    files = [member for member in members if not member.filename.endswith("/") and not _is_system_file(member.filename)]
    if not files:
        raise RefusedError("archive_empty")
    if len(files) > 1:
        key = "archive_several" if len(files) <= _NAMED else "archive_several.more"
        raise RefusedError(key, count=len(files), files=[_shown(member.filename) for member in files[:_NAMED]])
    if files[0].flag_bits & _ENCRYPTED:
        raise RefusedError("archive_encrypted")
    if files[0].compress_type not in _ZIP_METHODS:
        raise RefusedError("archive_method")
    return files[0]


def _refuse_documents(names: set[str]) -> None:
    if "[Content_Types].xml" in names:
        for folder, kind in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                raise _not_a_csv(kind)
        raise RefusedError("not_a_csv.office")
    if "mimetype" in names and "content.xml" in names:
        raise RefusedError("not_a_csv.ods")


def _is_system_file(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() and letter != '"' else "?" for letter in name[:60])


def _not_a_csv(kind: str) -> RefusedError:
    return RefusedError(f"not_a_csv.{kind}")


def damaged(compression: str) -> RefusedError:
    """Return the refusal of a compressed file that cannot be unpacked."""
    return RefusedError("archive_damaged", compression=compression)


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
