"""The kernel's foreign function interface: its library, if built for this machine, and its structures."""

from __future__ import annotations

import ctypes
from functools import cache

from common.option_words import DateStyle
from processing.columns import DATE, PLAYS, SONG
from processing.dialect.dialect import Dialect
from processing.dialect.syntax import Syntax

VERSION = 5  # the KERNEL_VERSION of kernel.h


class DialectStruct(ctypes.Structure):
    """The form_t of kernel.h."""

    _fields_ = (
        ("fields", ctypes.c_uint32),
        ("song", ctypes.c_uint32),
        ("date", ctypes.c_uint32),
        ("plays", ctypes.c_uint32),
        ("delimiter", ctypes.c_int32),
        ("quote", ctypes.c_int32),
        ("skipinitialspace", ctypes.c_int32),
        ("is_plain", ctypes.c_int32),
        ("date_order", ctypes.c_int32),
        ("date_mark", ctypes.c_int32),
        ("thousands", ctypes.c_int32),
        ("named", ctypes.c_uint32),
    )


# Date style -> the kernel's DATE_... and the character between year, month and day.
_DATES = {
    DateStyle.ISO: (0, "-"),
    DateStyle.COMPACT: (1, "-"),
    DateStyle.ISO_SLASHES: (2, "/"),
    DateStyle.ISO_DOTS: (2, "."),
    DateStyle.DAY_FIRST: (3, "/"),
    DateStyle.DAY_FIRST_DOTS: (3, "."),
    DateStyle.DAY_FIRST_DASHES: (3, "-"),
    DateStyle.MONTH_FIRST: (4, "/"),
    DateStyle.MONTH_FIRST_DOTS: (4, "."),
    DateStyle.MONTH_FIRST_DASHES: (4, "-"),
}


def can_read(dialect: Dialect) -> bool:
    """Return whether the kernel is installed and supports the dialect."""
    syntax = dialect.syntax
    if syntax.escapechar or syntax.strips_spaces or dialect.corrections or dialect.dates not in _DATES:
        return False
    return library() is not None


def dialect_struct(dialect: Dialect) -> DialectStruct:
    """Return a dialect as the kernel takes it."""
    struct, (order, mark) = syntax_struct(dialect.syntax), _DATES[dialect.dates]
    struct.fields, struct.named = dialect.fields, min(dialect.named, dialect.fields)
    struct.song, struct.date, struct.plays = (dialect.places[column] for column in (SONG, DATE, PLAYS))
    struct.is_plain, struct.date_order, struct.date_mark = dialect.has_plain_values, order, ord(mark)
    struct.thousands = ord(dialect.thousands or "\0")
    return struct


def syntax_struct(syntax: Syntax) -> DialectStruct:
    """Return a syntax as the kernel takes it, with all other fields 0."""
    quote = ord(syntax.quotechar) if syntax.quotechar else -1
    return DialectStruct(delimiter=ord(syntax.delimiter), quote=quote, skipinitialspace=syntax.skipinitialspace)


class ColumnsStruct(ctypes.Structure):
    """The columns_t of kernel.h."""

    _fields_ = (
        ("song", ctypes.c_void_p),
        ("bucket", ctypes.c_void_p),
        ("day", ctypes.c_void_p),
        ("plays", ctypes.c_void_p),
        ("odd_start", ctypes.c_void_p),
        ("odd_end", ctypes.c_void_p),
        ("odd_line", ctypes.c_void_p),
        ("most_rows", ctypes.c_uint64),
        ("most_odd", ctypes.c_uint64),
    )


class ResultStruct(ctypes.Structure):
    """The result_t of kernel.h."""

    _fields_ = (
        ("consumed", ctypes.c_uint64),
        ("rows", ctypes.c_uint64),
        ("odd", ctypes.c_uint64),
        ("lines", ctypes.c_uint64),
        ("plays_low", ctypes.c_uint64),
        ("plays_high", ctypes.c_uint64),
        ("most_plays", ctypes.c_int64),
        ("first_day", ctypes.c_int32),
        ("last_day", ctypes.c_int32),
        ("status", ctypes.c_int32),
    )


@cache
def library() -> ctypes.CDLL | None:
    """Return the kernel's library; None if none was built for this machine."""
    try:
        from playtally_kernel import LIBRARIES
    except ImportError:
        return None
    for path in LIBRARIES:
        try:
            found = ctypes.CDLL(str(path))
        except OSError:
            continue  # built for another machine
        if found.kernel_version() == VERSION:
            return _with_types(found)
    return None


def _with_types(found: ctypes.CDLL) -> ctypes.CDLL:
    pointer, u32, u64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
    types: dict[str, tuple[type | None, list[type]]] = {
        "songs_new": (pointer, [u64, ctypes.c_char_p, pointer, u32, u64]),
        "songs_free": (None, [pointer]),
        "songs_count": (u32, [pointer]),
        "songs_name_bytes": (u64, [pointer]),
        "songs_add": (ctypes.c_int64, [pointer, ctypes.c_char_p, u64, pointer]),
        "songs_export": (None, [pointer, pointer, pointer, pointer]),
        "read_rows": (None, [pointer, pointer, pointer, u64, pointer, pointer]),
        "last_record_end": (u64, [pointer, pointer, u64]),
        "pack_rows": (None, [pointer, u64, u32, ctypes.c_int32, ctypes.c_int32, pointer, pointer]),
    }
    for name, (result, arguments) in types.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found
