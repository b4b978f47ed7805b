"""The inspection of a file: whether it is a CSV of song plays, and in which dialect. It never guesses silently."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

from common.option_words import DateStyle
from processing.columns import DATE, PLAYS
from processing.dialect.column_synonyms import plain
from processing.dialect.column_types import is_row
from processing.dialect.date_order import style_in
from processing.dialect.dialect import Dialect
from processing.dialect.headers import Names, columns_question, texts
from processing.dialect.numbers import find_thousands
from processing.dialect.tokenizer import Record, Tokenizer, count_lines
from processing.errors import RefusedError
from processing.file_types import refuse_markup
from processing.inspection.candidates import best_layout, separator_line
from processing.inspection.layout import Layout
from processing.inspection.sample import SAMPLE_BYTES, Sample, sample_of
from processing.options import DialectOptions, Options
from processing.reading.arrow_reader import written_values
from processing.reading.blocks import load, spans
from processing.sentences import printable
from processing.source.encodings import BOM

_STYLE_ROWS = 1000
_GROUPED = re.compile(rb"[0-9](?:[,.' ]|\xc2\xa0|\xe2\x80[\x89\x99\xaf])[0-9]{3}(?![0-9])")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1b\x7f]")


def inspect(source: Path, options: Options | None = None) -> Dialect:
    """Return the dialect of the file, detected from its first MiB; raise RefusedError if it is unclear."""
    options = options or Options()
    sample = sample_of(source, options)
    start = len(BOM) if sample.text.startswith(BOM) else 0
    wanted = options.dialect
    if found := separator_line(sample.text[start : start + 20]):
        start += found[1]
        wanted = wanted if wanted.delimiter else replace(wanted, delimiter=found[0])
    text = sample.text[start:]
    if wanted.header_line:
        wanted = replace(wanted, header_line=max(wanted.header_line - count_lines(sample.text[:start]), 1))
    if not text.strip():
        raise RefusedError("empty_file.blank")
    layout = best_layout(text, wanted, at_end=sample.at_end)
    lines_above = count_lines(sample.text[:start])
    _refuse_doubts(layout, text, wanted, lines_above, at_end=sample.at_end)
    return _with_thousands(source, _dialect(layout, sample, start, options), text, options)


def _refuse_doubts(layout: Layout, text: bytes, wanted: DialectOptions, lines_above: int, *, at_end: bool) -> None:
    """Raise RefusedError unless it is certain which columns are ours."""
    if not layout.records:
        raise RefusedError("line_too_long.first", line=1 + lines_above)
    header = layout.header
    if header:
        line = lines_above + layout.line_of(header.first, text)
        if not any(wanted.columns):
            header.names.refuse_doubts(line)
        if layout.places is None:
            raise _unclear("columns_unclear.chosen", header.names.names, line)
        if at_end and len(layout.records) == header.last + 1:
            raise RefusedError("no_rows")
    elif layout.places is None:
        refuse_markup(text)
        _refuse_no_table(layout, text, lines_above)
    elif wanted.header_line is None:
        _refuse_strange_header(layout, text, lines_above)


def _refuse_no_table(layout: Layout, text: bytes, lines_above: int) -> None:
    """Raise RefusedError that says as exactly as possible why no columns were found."""
    if _CONTROL.search(text[:4096]) and not layout.dated:
        raise RefusedError("not_a_csv.binary")
    for index, record in enumerate(layout.records[:20]):
        names = Names.of(texts(record.fields or ()))
        if names.known:
            names.refuse_doubts(lines_above + layout.line_of(index, text))
    first = layout.records[0]
    line = lines_above + layout.line_of(0, text)
    if layout.dated and first.fields is not None:
        raise _unclear("columns_unclear", texts(first.fields), line)
    raise RefusedError("columns_not_found", line=line, value=_shown(text[first.start : first.end]))


def _refuse_strange_header(layout: Layout, text: bytes, lines_above: int) -> None:
    """Raise RefusedError for words above good rows: they are a header of unknown names, and a person has to choose."""
    fields, places = layout.records[0].fields, layout.places
    if fields is None or places is None or len(fields) != layout.fields or is_row(fields, places):
        return
    cells = [plain(cell) for cell in texts(fields)]
    if layout.rows > 1 and all(cells) and not any(character.isdigit() for cell in cells for character in cell):
        line, names = lines_above + layout.line_of(0, text), Names.of(texts(fields))
        if names.known:
            names.refuse_doubts(line)
        raise _unclear("columns_unclear.names", names.names, line)


def _unclear(key: str, names: list[str] | tuple[str, ...], line: int) -> RefusedError:
    return RefusedError(
        key,
        line=line,
        value=", ".join(name[:40] for name in names[:20]),
        question=columns_question(names),
    )


def _dialect(layout: Layout, sample: Sample, start: int, options: Options) -> Dialect:
    text = sample.text[start:]
    header, places, records = layout.header, layout.places, layout.records
    assert places is not None
    last = records[header.last] if header else None
    first_row = start + (last.end if last else records[0].start)
    size = records[-1].end - records[0].start
    style, undecided = _dates(layout, text, sample, 1 + count_lines(sample.text[:start]), options.dialect)
    return Dialect(
        encoding=sample.encoding,
        header=header is not None,
        fields=layout.fields,
        places=places,
        first_row=first_row,
        record_bytes=size / len(records),
        syntax=layout.syntax,
        named=layout.named,
        compression=sample.compression,
        mark_bytes=sample.mark_bytes,
        dates=style,
        undecided=undecided,
        corrections=options.corrections,
        header_line=count_lines(sample.text[:start]) + layout.line_of(header.first, text) if header else None,
        first_line=1 + count_lines(sample.text[:first_row]),
        names=header.names.names if header else (),
        may_reopen=sample.is_open,
        asks=options.dialect.date_style is None,
    )


def _dates(
    layout: Layout, text: bytes, sample: Sample, first_line: int, wanted: DialectOptions
) -> tuple[DateStyle, tuple[int, str] | None]:
    """Return the date style, and line and text of an ambiguous one if none decides."""
    if wanted.date_style:
        return wanted.date_style, None
    assert layout.places is not None
    rows = _rows(layout, text, sample)
    dates = [date.strip() for date in _column(rows, layout.places[DATE])]

    def line_of(date: str) -> int:
        start = layout.records[layout.header.last].end if layout.header else 0
        return first_line + count_lines(text[: start + rows[dates.index(date)].start])

    try:
        style, example = style_in(dates)
    except RefusedError as refusal:
        refusal.line = line_of(refusal.value or "")
        raise
    return style, (line_of(example), example) if example else None


def _rows(layout: Layout, text: bytes, sample: Sample) -> list[Record]:
    """Return the records below the header that have the right number of fields."""
    header = layout.header
    start = layout.records[header.last].end if header else 0
    records = Tokenizer(layout.syntax).records(text[start:], at_end=sample.at_end)
    return [record for record in islice(records, _STYLE_ROWS) if record.fields and len(record.fields) == layout.fields]


def _column(rows: list[Record], place: int) -> list[str]:
    return [record.fields[place].decode("utf-8", "replace") for record in rows if record.fields]


def _with_thousands(source: Path, dialect: Dialect, text: bytes, options: Options) -> Dialect:
    """Return the dialect with the thousands separator that the rows of the sample agree on."""
    chosen = options.dialect.thousands
    if chosen is not None or not _GROUPED.search(text):
        return replace(dialect, thousands=chosen or "")
    span = next(spans(source, dialect, SAMPLE_BYTES, options), None)
    if span is None:
        return dialect
    numbers = written_values(load(source, span), span, dialect, PLAYS)
    return replace(dialect, thousands=find_thousands(numbers, dialect.syntax.delimiter))


def _shown(line: bytes) -> str:
    return printable(line.strip(b"\r\n")[:80].decode("utf-8", "backslashreplace"))
