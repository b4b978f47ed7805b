"""The first look at a file: is it a CSV of song plays, and in which form? Never a silent guess."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from processing.columns import DATE, INPUT_COLUMNS, PLAYS, SONG
from processing.dialect import Dialect
from processing.errors import RefusedError
from processing.rows import BadValueError, read_row
from processing.tokenizer import Record, Tokenizer

SAMPLE_BYTES = 1 << 20
SAMPLE_ROWS = 1000
BOM = b"\xef\xbb\xbf"
EXPECTED = "Song, Date and Number of Plays"

_OTHER_DELIMITERS = {b";": "semicolons", b"\t": "tabs", b"|": "bars"}

# What a file begins with that is no text at all, and what to do about it.
_CONTAINERS = {
    b"PK\x03\x04": "a zip file or a spreadsheet (xlsx, ods). Unpack it, or save it as CSV",
    b"\x1f\x8b": "compressed (gzip). Unpack it",
    b"BZh": "compressed (bzip2). Unpack it",
    b"\xfd7zXZ\x00": "compressed (xz). Unpack it",
    b"\x28\xb5\x2f\xfd": "compressed (zstd). Unpack it",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (xls). Save it as CSV",
    b"%PDF": "a PDF. Save the table in it as CSV",
    b"\x89PNG": "a picture. Send the table itself as CSV",
    b"\xff\xfe\x00\x00": "in the encoding UTF-32. Save it as CSV UTF-8",
    b"\xff\xfe": "in the encoding UTF-16. Save it as CSV UTF-8",
    b"\xfe\xff": "in the encoding UTF-16. Save it as CSV UTF-8",
}


def inspect(source: Path) -> Dialect:
    """Find out the form of the file from its first MiB; raises RefusedError."""
    with source.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
        at_end = not file.read(1)
    _refuse_what_is_no_text(sample)
    start = len(BOM) if sample.startswith(BOM) else 0
    records = list(islice(Tokenizer().records(sample[start:], at_end=at_end), SAMPLE_ROWS))
    if not records:
        _refuse_without_rows(sample[start:])
    places = _named_places(records[0])
    header = places is not None
    if header and len(records) == 1 and at_end:
        raise RefusedError("no_rows", "The file has a header, but no rows below it. Send a file with rows of plays.")
    if places is None:
        places = _places_by_kind(records, sample[start:])
    last = records[-1].end - records[0].start
    return Dialect(
        encoding="utf-8-sig" if start else "utf-8",
        delimiter=",",
        header=header,
        fields=len(records[0].fields or ()),
        places=places,
        first_row=start + (records[0].end if header else records[0].start),
        record_bytes=last / len(records),
    )


def _refuse_what_is_no_text(sample: bytes) -> None:
    if not sample:
        raise RefusedError("empty_file", "The file is empty. Send a CSV with rows of plays.")
    for magic, what in _CONTAINERS.items():
        if sample.startswith(magic):
            raise RefusedError("not_a_csv", f"The file should be a CSV, but it is {what}, and send that.")
    if b"\x00" in sample[:4096]:
        raise RefusedError("not_a_csv", "The file should be a CSV, but it is no text. Save the table as CSV.")


def _refuse_without_rows(text: bytes) -> None:
    if text.strip():
        raise RefusedError(
            "line_too_long",
            "The first line of the file does not end within a million characters. Is it a CSV of plays?",
            line=1,
        )
    raise RefusedError("empty_file", "The file has only blank lines. Send a CSV with rows of plays.")


def _named_places(first: Record) -> dict[str, int] | None:
    """The columns' places if the record is a header; None if it names none of the three."""
    # Blanks of all kinds count as one: some programs write the unbreakable one.
    names = [" ".join(field.decode("utf-8", "replace").split()).casefold() for field in first.fields or ()]
    found = {column: names.count(column.casefold()) for column in INPUT_COLUMNS}
    for column, times in found.items():
        if times > 1:
            raise RefusedError(
                "columns_ambiguous",
                f"The header should name each column once, but names {column} {times} times.",
                line=1,
                column=column,
            )
    missing = [column for column, times in found.items() if not times]
    if len(missing) == len(INPUT_COLUMNS):
        return None
    if missing:
        raise RefusedError(
            "columns_missing",
            f"The header should name the columns {EXPECTED}, but {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing.",
            line=1,
            value=", ".join(name[:40] for name in names[:20]),
        )
    return {column: names.index(column.casefold()) for column in INPUT_COLUMNS}


def _places_by_kind(records: list[Record], text: bytes) -> dict[str, int]:
    """The places in a file without header: three columns of the right kinds, or a refusal.

    The order song, date, plays is tried first, so numbers as song names do not mislead.
    """
    orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0))
    for order in orders:
        places = dict(zip((SONG, DATE, PLAYS), order, strict=True))
        if _reads(records[0], places):
            return places
    line = text[records[0].start : records[0].end].strip(b"\r\n")
    shown = line[:80].decode("utf-8", "backslashreplace")
    for mark, name in _OTHER_DELIMITERS.items():
        if line.count(mark) >= max(2, 2 * line.count(b",")):
            raise RefusedError(
                "delimiter",
                f"The columns should be separated by commas, but in this file {name} seem to separate them. "
                "Save it as CSV with commas and send that.",
                line=1,
                value=shown,
            )
    raise RefusedError(
        "columns_not_found",
        f"The first line should name the columns {EXPECTED}, or be a row with a song, a date like 2024-03-31 "
        f'and a whole number, but says "{shown}".',
        line=1,
        value=shown,
    )


def _reads(record: Record, places: dict[str, int]) -> bool:
    if record.fields is None or len(record.fields) != len(places):
        return False
    try:
        read_row(record.fields, places)
    except BadValueError:
        return False
    return True
