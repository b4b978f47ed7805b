"""The slow path: records that only the tokenizer and the rules of dialect/rows.py can judge."""

from __future__ import annotations

import pyarrow as pa

from processing.columns import DATE, SONG
from processing.dialect.dialect import Dialect
from processing.dialect.footer import names_a_total
from processing.dialect.headers import begins_another_table, is_repeated, texts
from processing.dialect.rows import LONGEST_SHOWN, BadValueError, Row, RowReader
from processing.dialect.surprises import Surprise, SurpriseKind
from processing.dialect.tokenizer import Tokenizer, count_lines
from processing.reading.bad_row_spool import BadRowList
from processing.sentences import printable

SCHEMA = pa.schema([("song", pa.string()), ("day", pa.int32()), ("plays", pa.int64())])
_DIGITS = frozenset(b"0123456789")
_RECORD_SHOWN = 1000  # characters


class OddRows:
    """The odd records of one block: good rows are kept, bad ones spooled, repeated headers left out."""

    def __init__(
        self,
        data: memoryview,
        dialect: Dialect,
        bad: BadRowList,
        reader: RowReader,
        *,
        footer: bool = False,
        sees_all: bool = False,
    ) -> None:
        """``sees_all``: every record of the block comes here, so that a row can be judged by what follows it."""
        self.songs: list[str] = []
        self.days: list[int] = []
        self.plays: list[int] = []
        self.doubt: Surprise | None = None  # the first one
        self.headers = 0  # that were repeated
        self._data = data
        self._dialect = dialect
        self._tokenizer = Tokenizer(dialect.syntax)
        self._bad = bad
        self._reader = reader
        self._footer = footer
        self._sees_all = sees_all
        self._last_line = 0  # of the last good row
        self._delimiter = dialect.syntax.delimiter.encode()
        self._is_simple = dialect.syntax.is_simple

    def judge(self, start: int, end: int, line: int = 1) -> None:
        """Judge the records in a range of whole ones that begins on a line of the block."""
        text = bytes(self._data[start:end])
        counted = 0
        for record in self._tokenizer.records(text):
            line += count_lines(text[counted : record.start])
            counted = record.start
            self._take(record.fields, text[record.start : record.end], line)

    def judge_one(self, start: int, end: int, line: int) -> None:
        """Judge a range that is a single record, which is seldom quoted."""
        text = bytes(self._data[start:end])
        quote = self._dialect.syntax.quotechar.encode()
        if self._is_simple and not (quote and quote in text):
            self._take(tuple(text.rstrip(b"\r\n").split(self._delimiter)), text, line)
        else:
            self.judge(start, end, line)

    def rows(self) -> pa.RecordBatch:
        """Return the good rows, schema SCHEMA."""
        columns = [pa.array(self.songs, pa.string()), pa.array(self.days, pa.int32()), pa.array(self.plays, pa.int64())]
        return pa.record_batch(columns, schema=SCHEMA)

    def _take(self, fields: tuple[bytes, ...] | None, text: bytes, line: int) -> None:
        found = self._judged(fields, text)
        if not isinstance(found, BadValueError):
            song, day, count = found
            self.songs.append(song)
            self.days.append(day)
            self.plays.append(count)
            self._last_line = line
        elif fields is None or not self._is_header(fields, line):
            self._bad.add((line, found.column, found.value, found.code, found.params))
            self._note_doubt(found, line)

    def _judged(self, fields: tuple[bytes, ...] | None, raw: bytes) -> Row | BadValueError:
        dialect = self._dialect
        if fields is not None and dialect.fits(fields):
            if self._footer and names_a_total(fields[dialect.places[SONG]]):
                return _total(fields[dialect.places[SONG]].decode())
            return self._reader.judge(fields)
        text = raw.rstrip(b"\r\n")[:_RECORD_SHOWN].decode("utf-8", "backslashreplace")
        if fields is None:
            return BadValueError("row", text, "open_quote", delimiter=dialect.syntax.delimiter)
        found, wanted = len(fields), min(dialect.fields, dialect.named)
        if found > wanted:
            return BadValueError("row", text, "too_many", found=found, expected=wanted)
        return BadValueError("row", text, "too_few", found=found, expected=wanted if found < wanted else dialect.fields)

    def _is_header(self, fields: tuple[bytes, ...], line: int) -> bool:
        """Return whether a record repeats the header; note a surprise if it is the header of another table."""
        places = self._dialect.places
        if len(fields) != self._dialect.fields or not _DIGITS.isdisjoint(fields[places[DATE]]):
            return False
        if is_repeated(fields, places) or tuple(texts(fields)) == self._dialect.names:
            self.headers += 1
            self._take_back_total()
            return True
        if self.doubt is None and begins_another_table(fields, places):
            self.doubt = Surprise(SurpriseKind.TABLE, line, printable(", ".join(texts(fields))[:LONGEST_SHOWN]))
        return False

    def _take_back_total(self) -> None:
        """Reject a totals line above a repeated header, where a table ends."""
        if self._sees_all and self.songs and names_a_total(self.songs[-1].encode()):
            error = _total(self.songs.pop())
            self.days.pop()
            self.plays.pop()
            self._bad.add((self._last_line, error.column, error.value, error.code, error.params))

    def _note_doubt(self, error: BadValueError, line: int) -> None:
        if self.doubt is not None:
            return
        if error.other_order and self._dialect.asks:
            self.doubt = Surprise(SurpriseKind.ORDER, line, error.value.strip())
        elif error.not_utf_8 and self._dialect.may_reopen:
            self.doubt = Surprise(SurpriseKind.ENCODING, line, error.value)


def _total(song: str) -> BadValueError:
    return BadValueError(SONG, song, "totals")
