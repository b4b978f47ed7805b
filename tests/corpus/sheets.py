"""A sheet on which a file is written line by line, while the answer is kept beside it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from tests.corpus.cases import Answer, Case, End, Good, Refused

Row = tuple[str, date, int]
HEADER = ("Song", "Date", "Number of Plays")

PLAIN = ("Umbrella", "In The End", "Halo", "Hey Ya!", "Yellow", "Clocks", "Hurt", "One")
WESTERN = ("Für Elise", "Déjà Vu", "Señorita", "Ça plane pour moi", "Où va le monde", "Straße", "Mañana", "Halo")
WORLD = ("夜に駆ける", "Кукушка", "Άνοιξη", "حبيبي", "🎵🎵", "Żądza", "Für Elise", "안녕", "ห", "Halo")
# For files that are long but have few rows.
LONG = tuple(name + " (from the album of that name, remastered, live, with commentary)" * 3 for name in PLAIN)

_LINE_END = re.compile(r"\r\n|\r|\n")


def table(count: int = 24, songs: tuple[str, ...] = PLAIN, most: int = 900, seed: int = 7) -> list[Row]:
    """Rows that look real. The first day is the 31st, so that the order of day and month is decided, unlike in the
    third row; the second row has the most plays."""
    chance = random.Random(seed)
    rows = [
        (songs[number % len(songs)], date(2024, 1, 1) + timedelta(chance.randrange(366)), chance.randint(1, most))
        for number in range(count)
    ]
    fixed = [(songs[0], date(2024, 3, 31), 7), (songs[-1], date(2024, 12, 25), most), (songs[0], date(2024, 5, 4), 3)]
    return [*fixed, *rows[len(fixed) :]][:count]


def where_needed(text: str, delimiter: str) -> str:
    """A field in double quotes where it cannot do without."""
    return always(text) if any(mark in text for mark in (delimiter, '"', "\r", "\n")) else text


def always(text: str, delimiter: str = "") -> str:
    """A field in double quotes."""
    return '"' + text.replace('"', '""') + '"'


def never(text: str, delimiter: str = "") -> str:
    """A field as it is."""
    return text


def like(pattern: str) -> Callable[[date], str]:
    """Days in the manner of strftime, each made once."""
    return cache(lambda day: day.strftime(pattern))


def grouped(mark: str, behind: str = "") -> Callable[[int], str]:
    """Numbers with a mark between thousands."""
    return lambda number: f"{number:,}".replace(",", mark) + behind


def in_order(song: str, day: str, plays: str) -> list[str]:
    """The fields of a row: just these."""
    return [song, day, plays]


@dataclass
class Sheet:
    """One file in the making; the attributes say how its rows are written."""

    delimiter: str = ","
    end: str = "\n"
    encoding: str = "utf-8"
    start: bytes = b""  # a byte order mark
    day: Callable[[date], str] = date.isoformat
    number: Callable[[int], str] = str
    quoted: Callable[[str, str], str] = where_needed
    shape: Callable[[str, str, str], list[str]] = in_order
    line: int = field(default=1, init=False)  # the next one
    good: list[Good] = field(default_factory=list, init=False)
    left_out: list[tuple[int, str]] = field(default_factory=list, init=False)
    _pieces: list[bytes] = field(default_factory=list, init=False)

    def note(self, text: str | bytes = "", end: str | None = None) -> Sheet:
        """Add a line that is no row; a text may hold line ends."""
        whole = text if isinstance(text, bytes) else text.encode(self.encoding)
        end = self.end if end is None else end
        seen = (text.decode("latin-1") if isinstance(text, bytes) else text) + end
        self._pieces.append(whole + end.encode(self.encoding))
        self.line += len(_LINE_END.findall(seen))
        return self

    def header(self, *names: str) -> Sheet:
        """Add the names of columns, in the shape of the rows: song, date and plays."""
        return self.note(self._written(*(names or HEADER)))

    def row(self, song: str, day: date, plays: int, text: str | bytes | None = None, end: str | None = None) -> Sheet:
        """Add a row; ``text`` says how it is written where that is unusual."""
        self.good.append(Good(self.line, song, day.isoformat(), plays))
        return self.note(self._written(song, self.day(day), self.number(plays)) if text is None else text, end)

    def rows(self, rows: Iterable[Row]) -> Sheet:
        """Add rows."""
        for row in rows:
            self.row(*row)
        return self

    def bad(self, column: str, text: str | bytes, end: str | None = None) -> Sheet:
        """Add a line that is to be left out, as it is written."""
        self.left_out.append((self.line, column))
        return self.note(text, end)

    def misread(self, column: str, song: str, day: str, plays: str) -> Sheet:
        """Add a row that is to be left out for one of its values."""
        return self.bad(column, self._written(song, day, plays))

    def answer(self) -> Answer:
        """What the rows so far add up from."""
        return Answer(tuple(self.good), tuple(self.left_out))

    def data(self) -> bytes:
        """The file."""
        return self.start + b"".join(self._pieces)

    def case(
        self,
        name: str,
        *also: End,
        wrapped: Callable[[bytes], bytes] | None = None,
        cut: int = 0,
        flags: tuple[str, ...] = (),
    ) -> Case:
        """The file and its answer; ``cut`` bytes of a last line end are missing."""
        data = self.data()
        data = data[: len(data) - cut]
        return Case(name, wrapped(data) if wrapped else data, self.answer(), also, flags)

    def refused(self, name: str, *codes: str, line: int | None = None, also: tuple[End, ...] = ()) -> Case:
        """The file, which must be refused."""
        return Case(name, self.data(), Refused(codes or ("*",), line), also)

    def _written(self, song: str, day: str, plays: str) -> str:
        fields = self.shape(song, day, plays)
        return self.delimiter.join(self.quoted(text, self.delimiter) for text in fields)


def sheet(**form: object) -> Sheet:
    """A sheet of this form with its header."""
    return Sheet(**form).header()  # type: ignore[arg-type]


def filled(rows: Iterable[Row] | None = None, **form: object) -> Sheet:
    """A sheet of this form with header and rows."""
    return sheet(**form).rows(table() if rows is None else rows)
