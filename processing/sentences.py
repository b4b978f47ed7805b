"""The sentences about files, made from a code and its parameters whenever one is shown.

A key is a public code, perhaps with a finer word after a point: ``empty_file.blank``. The fields of a template are
the parameters of its key, each shown as ``_AS_WORDS`` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from common.option_words import ENCODINGS, DateStyle
from processing.columns import DATE, PLAYS, SONG
from processing.date_styles import EXAMPLES, WORDS

# Why a file is refused. Line, column, value and number of bad rows are parameters of every key.
REFUSALS = {
    "bad_rows": (
        "{bad_rows:,} of {rows:,} rows can't be read. The first is line {line:,}: {reason} "
        "Skip them, or fix the file and upload it again."
    ),
    "bad_rows.one": (
        "1 of {rows:,} rows can't be read, on line {line:,}: {reason} Skip it, or fix the file and upload it again."
    ),
    "bad_rows.only": "The only row can't be read, on line {line:,}: {reason} Fix the file and upload it again.",
    "empty_file": "The file is empty. Choose a file with rows in it.",
    "empty_file.blank": "The file has only blank lines. Choose a file with rows in it.",
    "empty_file.inside": "The file inside is empty. Choose a file with rows in it.",
    "no_rows": "The file has column names but no rows.",
    "header_not_found": "There is no row on line {line:,}. Choose another line.",
    "header_not_found.open_quote": (
        "Line {line:,} can't be the one with the column names: a quote in it is never closed. Choose another line."
    ),
    "columns_unclear": "We can't tell which columns are the song, the date and the plays. Tell us which is which.",
    "columns_unclear.names": "We don't recognise these column names. Tell us which is which.",
    "columns_unclear.chosen": "Choose three different columns of the file.",
    "columns_missing": "Which column is the {missing}?",
    "columns_missing.several": "Which columns are the {missing}?",
    "columns_ambiguous": "{names} could each be the {column}. Which column is it?",
    "columns_ambiguous.same": '{count:,} columns are named "{name}". Which one is the {column}?',
    "columns_not_found": "We couldn't find song, date and plays columns. The file starts with: {value}.",
    "encoding_unknown": "Accents look garbled from line {line:,} on. Choose how the file was saved.",
    "encoding_unknown.utf_32": "This file was saved as UTF-32. Save it as CSV UTF-8, then upload that.",
    "encodings_mixed": (
        "Parts of this file were saved differently, so é and similar letters would come out wrong. "
        "Choose how to read it; rows that don't fit count as rows that can't be read."
    ),
    "dates_ambiguous": "Is {value} {day_first:%-d %B} or {month_first:%B %-d}? Nothing in the file tells us.",
    "dates_contradict": "This file mixes two date formats. Choose one; we'll list the rows that don't fit.",
    "two_tables": "A second table starts on line {line:,}. Upload each table as its own file.",
    "line_too_long": (
        "A line after byte {start:,} is longer than {megabytes:,} MB, so it isn't a row of plays. Is the file damaged?"
    ),
    "line_too_long.first": "The first line is longer than a million characters. Is this a CSV of plays?",
    "row_too_long": "A song's name is so long that its row doesn't fit in a file of {max_bytes:,} bytes.",
    "archive_damaged": (
        "The compressed file ({compression}) is damaged or cut off. Did it download completely? "
        "Compress it again, or upload it uncompressed."
    ),
    "archive_empty": "The zip is empty. Upload the CSV itself, or a zip with one CSV in it.",
    "archive_several": "The zip holds {count:,} files: {files}. Unpack it and upload each file by itself.",
    "archive_several.more": (
        "The zip holds {count:,} files: {files} and others. Unpack it and upload each file by itself."
    ),
    "archive_twice": "The file is compressed twice. Unpack it, then upload what is inside.",
    "archive_encrypted": "The zip is password-protected. Unpack it and upload the CSV in it.",
    "archive_method": "This file uses a zip format we can't open. Unpack it and upload the CSV in it.",
    "unpacks_too_large": (
        "The compressed file is {packed:,} bytes, but unpacks to more than {unpacked:,}, which is more than we "
        "unpack. Upload it uncompressed."
    ),
    "not_a_csv.xlsx": "This is an Excel workbook. In Excel: File > Save As > CSV UTF-8, then upload that.",
    "not_a_csv.xls": "This is an old Excel workbook (xls). In Excel: File > Save As > CSV UTF-8, then upload that.",
    "not_a_csv.ods": "This is an OpenDocument spreadsheet (ods). Open it, save it as CSV, then upload that.",
    "not_a_csv.docx": "This is a Word document (docx). Save the table in it as CSV, then upload that.",
    "not_a_csv.pptx": "This is a presentation (pptx). Save the table in it as CSV, then upload that.",
    "not_a_csv.office": "This is an office document. Save the table in it as CSV, then upload that.",
    "not_a_csv.rtf": "This is a text document (RTF). Save the table in it as CSV, then upload that.",
    "not_a_csv.pdf": "This is a PDF. Save the table in it as CSV, then upload that.",
    "not_a_csv.png": "This is a picture (PNG). Upload the table itself as CSV.",
    "not_a_csv.jpeg": "This is a picture (JPEG). Upload the table itself as CSV.",
    "not_a_csv.gif": "This is a picture (GIF). Upload the table itself as CSV.",
    "not_a_csv.html": "This is a web page (HTML). Open it in a spreadsheet, save it as CSV, then upload that.",
    "not_a_csv.xml": "This is an XML file. Open it in a spreadsheet, save it as CSV, then upload that.",
    "not_a_csv.json": "This is a JSON file. Export the table as CSV, then upload that.",
    "not_a_csv.parquet": "This is a Parquet file. Export it as CSV, then upload that.",
    "not_a_csv.feather": "This is a Feather file. Export it as CSV, then upload that.",
    "not_a_csv.orc": "This is an ORC file. Export it as CSV, then upload that.",
    "not_a_csv.avro": "This is an Avro file. Export it as CSV, then upload that.",
    "not_a_csv.sqlite": "This is a database (SQLite). Export its table as CSV, then upload that.",
    "not_a_csv.7z": "This is an archive (7z). Unpack it, then upload the CSV in it.",
    "not_a_csv.rar": "This is an archive (rar). Unpack it, then upload the CSV in it.",
    "not_a_csv.tar": "This is an archive (tar). Unpack it, then upload the CSV in it.",
    "not_a_csv.compress": "This file is compressed in an old way (Z). Unpack it, then upload the CSV in it.",
    "not_a_csv.lz4": "This file is compressed with lz4. Unpack it, or compress it with gzip, then upload that.",
    "not_a_csv.binary": "This isn't a text file. Save the table in it as CSV, then upload that.",
    "unknown": "This file can't be read.",  # of a refusal that another version stored
    "files": "The files couldn't be read or written: {cause}.",  # of the command line alone
}
# Why a row cannot be read. Column and value are parameters of every code.
REASONS = {
    "missing": "The {column} is missing",
    "not_a_date": "{value} isn't a date like {style[example]}",
    "other_order": "{value} isn't a {style[words]} date",
    "no_such_day": "There is no day {value}",
    "not_whole": "{value} isn't a whole number",
    "negative": "{value} is negative. Is it a correction?",
    "too_large": "{value} is too large: the most is 9,223,372,036,854,775,807",
    "not_utf_8": "{value} isn't in UTF-8. In a spreadsheet, save the file as CSV UTF-8",
    "hidden": "Contains a hidden character",
    "totals": "This is a totals line",
    "too_few": "Only {found:,} of {expected:,} columns",
    "too_many": "{found:,} columns instead of {expected:,}",
    "unknown": "This row can't be read",  # of a row that another version stored
    "open_quote": "A quote isn't closed before the next {delimiter} or line end",
}
# The answers that a question offers.
LABELS = {
    "day_first": "{date:%-d %B %Y} (day first)",
    "month_first": "{date:%-d %B %Y} (month first)",
    "day_first.like": "Day first, like {like}",
    "month_first.like": "Month first, like {like}",
    "thousands": "{written} means {number:,}",
    "encoding": "{encoding}",
    "column": "{name}",
    "column.unnamed": "Column {number:,}",
}
_COLUMNS = {SONG: "song", DATE: "date", PLAYS: "number of plays"}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NUMBER_OR_DATE = re.compile(r"[+-]?[0-9][0-9.,:/-]*")  # needs no quotes
# Characters that represent control characters in a sentence.
_PICTURES = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}


def printable(text: str) -> str:
    """Return a text with pictures in place of control characters, for sentences."""
    return text.translate(_PICTURES)


def refusal(key: str, facts: Mapping[str, Any]) -> str:
    """Return the sentence for a refusal."""
    shown = _shown(facts)
    if "reason" in facts:
        shown["reason"] = _ended(reason(facts["reason"], facts["column"], facts["value"], facts))
    return REFUSALS[key].format_map(shown)


def reason(code: str, column: str, value: str, params: Mapping[str, Any]) -> str:
    """Return why a row cannot be read, in a sentence without its full stop."""
    facts = _shown(params) if params else {}
    facts["column"], facts["value"] = _COLUMNS.get(column, column), _quoted(value)
    return REASONS[code].format_map(facts)


def label(key: str, params: Mapping[str, Any]) -> str:
    """Return the words for one answer to a question."""
    return LABELS[key].format_map(_shown(params))


def error_json(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the error object for what ``RefusedError.to_record()`` returned, perhaps long ago.

    Records that hold their sentence, as those of earlier versions do, stay as they are.
    """
    if "message" in record:
        return dict(record)
    facts = {name: record.get(name) for name in ("line", "column", "value", "bad_rows")} | record.get("params", {})
    message = _or_else(refusal("unknown", {}), refusal, record.get("key", record["code"]), facts)
    error = {"code": record["code"], "message": message, **record}
    error.pop("key", None)
    error.pop("params", None)
    if question := record.get("question"):
        error["question"] = question | {"choices": [_choice_json(choice) for choice in question["choices"]]}
    return error


def bad_row_json(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return line, column, value and reason of a bad row; rows of earlier versions hold their reason."""
    if "reason" in record:
        return dict(record)
    line, column, value = record["line"], record["column"], record["value"]
    words = _or_else(REASONS["unknown"], reason, record["code"], column, value, record["params"])
    return {"line": line, "column": column, "value": value, "reason": words}


def _choice_json(choice: Mapping[str, Any]) -> dict[str, Any]:
    if "label" in choice:
        return dict(choice)
    return {"value": choice["value"], "label": _or_else(choice["value"], label, choice["key"], choice["params"])}


def _or_else(words: str, make: Callable[..., str], *facts: Any) -> str:
    """Return the sentence for stored values, or other words if those of another version do not fit."""
    try:
        return make(*facts)
    except (LookupError, TypeError, ValueError):
        return words


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _AS_WORDS[name](fact) if name in _AS_WORDS and fact else fact for name, fact in facts.items()}


def _quoted(value: str) -> str:
    """Return a value as it is if it is a number or a date, otherwise in quotes."""
    if _NUMBER_OR_DATE.fullmatch(value):
        return value
    return f'"{value if value.isprintable() else printable(value)}"'


def _ended(words: str) -> str:
    return words if words.endswith("?") else f"{words}."


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _day(iso: str) -> date:
    return date.fromisoformat(iso)


def _style(style: str) -> dict[str, str]:
    known = DateStyle(style)
    return {"words": WORDS[known], "example": EXAMPLES[known]}


# By name, how to show the parameters that are not words themselves.
_AS_WORDS: dict[str, Callable[[Any], Any]] = {
    "column": lambda column: _COLUMNS.get(column, column),
    "missing": lambda columns: _listed([_COLUMNS[column] for column in columns]),
    "names": lambda names: _listed([f'"{name}"' for name in names]),
    "files": lambda names: ", ".join(f'"{name}"' for name in names),
    "delimiter": lambda mark: _DELIMITERS.get(mark, "separator"),
    "encoding": lambda codec: ENCODINGS.get(codec, codec),
    "style": _style,
    "like": lambda style: EXAMPLES[DateStyle(style)],
    "date": _day,
    "day_first": _day,
    "month_first": _day,
}
