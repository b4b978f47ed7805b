"""What a case of the corpus is: the bytes of a file, and the end that reading it must come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

SONG, DATE, PLAYS, ROW = "Song", "Date", "Number of Plays", "row"
ANY = "*"  # where the rules leave open which column, or which code


@dataclass(frozen=True, slots=True)
class Good:
    """A row that can be read."""

    line: int  # physical line on which it starts, 1 upwards
    song: str
    day: str  # ISO
    plays: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that count, and those that are listed as left out."""

    rows: tuple[Good, ...]
    left_out: tuple[tuple[int, str], ...] = ()  # line and column, in the order of lines

    def without(self, *lines: int, column: str = ANY) -> Answer:
        """The weaker answer that leaves these lines out, too, or these alone where they are no rows."""
        rows = tuple(row for row in self.rows if row.line not in lines)
        more = tuple((line, column) for line in lines)
        return Answer(rows, tuple(sorted((*self.left_out, *more))))

    def with_row(self, song: str, day: date, plays: int) -> Answer:
        """The answer in which the first of the lines left out counts, too."""
        (line, _), *others = self.left_out
        row = Good(line, song, day.isoformat(), plays)
        return Answer(tuple(sorted((*self.rows, row), key=lambda row: row.line)), tuple(others))

    def nothing_read(self) -> Answer:
        """The weakest answer: every row is listed as left out."""
        return self.without(*(row.line for row in self.rows))

    def totals(self, left_out: frozenset[int] = frozenset()) -> dict[tuple[str, str], int]:
        """Plays for each (song, ISO date) of the rows that do not start on these lines."""
        sums: dict[tuple[str, str], int] = {}
        for row in self.rows:
            if row.line not in left_out:
                key = (row.song, row.day)
                sums[key] = sums.get(key, 0) + row.plays
        return sums


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal with one of these codes; * in a code stands for anything."""

    codes: tuple[str, ...]
    line: int | None = None  # None: any, or none

    @classmethod
    def by(cls, *codes: str, line: int | None = None) -> Refused:
        """The same, shorter to write."""
        return cls(codes, line)


End = Answer | Refused
REFUSED = Refused.by(ANY)  # where only the refusal matters


@dataclass(frozen=True, slots=True)
class Case:
    """One file."""

    name: str
    data: bytes
    expected: End  # the best end
    also: tuple[End, ...] = ()  # ends that are right, but not the best
    flags: tuple[str, ...] = ()  # of the command line: what the caller says about the file

    def answers(self) -> list[Answer]:
        """All right answers, the best one first."""
        return [end for end in (self.expected, *self.also) if isinstance(end, Answer)]

    def told(self, name: str, end: End, *flags: str) -> Case:
        """The same file where the caller says more about it."""
        return replace(self, name=name, expected=end, also=(), flags=flags)
